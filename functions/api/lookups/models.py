"""Responses of the lookups endpoints."""

from typing import Any, Literal

from pydantic import BaseModel, Field

CacheStatus = Literal["hit", "miss", "bypass"]


class LookupResult(BaseModel):
    """A row, and the cost of finding it."""

    item: dict[str, Any] | None = Field(
        description="The row; if several match, the first one that was read."
    )
    strategy: str
    plan_node: str | None = Field(
        description="How the table was read, e.g. `Index Scan`; null for a cached row."
    )
    index: str | None = Field(description="The index that was used, if one was.")
    as_declared: bool | None = Field(
        description="Whether the plan used the index of the strategy; without one, no index."
    )
    rows_scanned: int = Field(description="Rows read, including those that did not match.")
    rows_found: int = Field(description="Rows that match.")
    buffers: int = Field(description="Pages of 8 KiB read, from memory or disk.")
    planning_ms: float
    execution_ms: float = Field(description="Execution time in the database.")
    query_time_ms: float = Field(description="Time in the function, queries included.")
    cache_status: CacheStatus = Field(
        description="`bypass`: the strategy is not cached, or the dataset is being changed."
    )
    db_queries: int = Field(description="Queries sent to the database for this row.")


class Comparison(BaseModel):
    """The result of each strategy of the dataset."""

    items: list[LookupResult]


class RowPage(BaseModel):
    """Rows in the order of the dataset's natural key."""

    items: list[dict[str, Any]]
    next_cursor: str | None = Field(description="Null on the last page.")
