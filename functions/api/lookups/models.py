"""Responses of the lookups endpoints."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from waybill.tables.formats import TableFormat

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


class ExportRequest(BaseModel):
    """What to export."""

    model_config = ConfigDict(extra="forbid")

    format: TableFormat = "csv"
    formulas: Literal["escape", "keep"] = Field(
        default="escape",
        description="Whether texts of CSV that a spreadsheet would run get an apostrophe in front.",
    )


class ExportedFile(BaseModel):
    """A file of an export."""

    number: int
    rows: int
    bytes: int
    sha256: str
    url: str = Field(description="Downloads the file; for 15 minutes.")


class Export(BaseModel):
    """An export of a dataset, and its waybill: all files are of one state of the rows."""

    export_id: UUID
    dataset: str
    format: TableFormat
    masked: bool = Field(description="Whether personal values are `[masked]`.")
    state: Literal["PENDING", "RUNNING", "COMPLETED", "FAILED"]
    attempt: int = Field(description="It begins again when the rows change meanwhile.")
    created_at: datetime
    changed_at: datetime
    error: dict[str, Any] | None
    archived_partitions: list[str] = Field(
        description="Partitions in the lake, of which the files have no rows."
    )
    rows: int = Field(description="Rows in the files so far.")
    bytes: int
    files: list[ExportedFile] = Field(
        description="When it is completed, for a day; several where there are many rows."
    )


class ArchivedFile(BaseModel):
    """A Parquet file of an archived partition."""

    key: str = Field(description="Its key in the state bucket.")
    rows: int
    bytes: int
    sha256: str


class ArchivedPartition(BaseModel):
    """A partition of a dataset that is, was or is being archived."""

    partition: str = Field(description="As 2019, 2019-03 or 2019-03-05.")
    state: Literal[
        "WRITING", "WRITTEN", "DETACHED", "ARCHIVED", "RESTORING", "RESTORED", "FAILED"
    ] = Field(description="Its rows are in the table, unless DETACHED, ARCHIVED or RESTORING.")
    lower: datetime
    upper: datetime = Field(description="The first moment that is not in it.")
    folder: str | None = Field(description="Prefix of its files in the state bucket.")
    rows: int | None
    content: str | None = Field(description="Sum of the hashes of its rows.")
    archived_at: datetime | None
    restored_at: datetime | None
    keep_until: datetime | None = Field(
        description="Until when a restored partition is not archived again."
    )
    error: dict[str, Any] | None
    files: list[ArchivedFile]


class LeftOutColumn(BaseModel):
    """A column of the files that the table in Athena lacks."""

    column: str = Field(description="Its name in lower case.")
    reason: str


class AthenaTable(BaseModel):
    """The table with which Athena reads the files."""

    statement: str = Field(
        description="CREATE EXTERNAL TABLE. Athena computes its partitions: it finds those that are"
        " archived later."
    )
    left_out: list[LeftOutColumn]
    not_read: list[str] = Field(
        description="Archived partitions whose folders have other names, since the dataset had"
        " other columns, or are outside of its `partition_range`."
    )


class ArchivedPartitions(BaseModel):
    """The partitions of a dataset that are, were or are being archived, oldest first."""

    items: list[ArchivedPartition]
    athena: AthenaTable | None = Field(
        description="Null where nothing of the dataset is or can be archived."
    )


class RestoreRequest(BaseModel):
    """How to restore a partition."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{}]})

    keep_days: int = Field(
        default=30, ge=1, le=36500, description="Days for which it is not archived again."
    )
