"""Response of the queries endpoint."""

from datetime import datetime

from pydantic import BaseModel, Field


class QueryCost(BaseModel):
    """A statement, and the cost of all its calls."""

    query: str = Field(description="The statement without its values, up to 2,000 characters.")
    role: str
    calls: int
    total_ms: float
    mean_ms: float
    max_ms: float
    rows: int
    buffers_hit: int = Field(description="Pages of 8 KiB found in memory.")
    buffers_read: int = Field(description="Pages of 8 KiB read from disk.")
    since: datetime


class IndexUse(BaseModel):
    """An index that no scan has used since the statistics were last reset."""

    dataset: str
    table: str
    index: str
    size_bytes: int


class QueryReport(BaseModel):
    """The statements that took the most time, and the unused indexes."""

    items: list[QueryCost] = Field(
        description="Most time first; empty if the server has no pg_stat_statements."
    )
    unused_indexes: list[IndexUse] = Field(description="The largest first.")
