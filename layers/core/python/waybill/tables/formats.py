"""The formats of rows in responses and exports. Imports nothing heavy."""

from typing import Literal, NamedTuple

TableFormat = Literal["csv", "jsonl", "parquet", "arrow"]
MEDIA_TYPES: dict[TableFormat, str] = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
    "arrow": "application/vnd.apache.arrow.file",
}


class TableColumn(NamedTuple):
    """A column of a file, by PostgreSQL's name of its type."""

    name: str
    kind: str
    precision: int | None = None
    scale: int | None = None
