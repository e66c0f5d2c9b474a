"""The contract as `waybill.contract(dataset)` gives it (see `sql/routines/contract.sql`)."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

Stage = Literal[
    "int2", "int4", "int8", "float4", "float8", "bool", "date", "timestamp", "timestamptz", "text"
]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Column(_Frozen):
    """A column that a file fills: its type, and how it travels through the staging table."""

    name: str
    type: str
    """As PostgreSQL writes it: `numeric(10,2)`, `character varying(20)`."""
    kind: str
    """Name of the base type, domains resolved: `int4`, `numeric`, `timestamptz`, `inet` …"""
    stage: Stage
    """Type of its column in the staging table; `text` is cast and checked in the database."""
    required: bool
    """NOT NULL and without a default: it must be in the file and filled."""
    nullable: bool
    has_default: bool
    max_length: int | None = None
    """Characters, of `varchar(n)` and `char(n)`."""
    precision: int | None = None
    scale: int | None = None
    comment: str | None = None
    personal: bool = False


class Reference(_Frozen):
    """A foreign key."""

    name: str
    columns: tuple[str, ...]
    table: str
    to: tuple[str, ...]
    dataset: str | None = None
    """The dataset that the referenced table is, if it is one."""


class Partitioning(_Frozen):
    """Range partitioning by a time column; `unit` is `year`, `month` or `day`."""

    column: str
    unit: str


class Format(_Frozen):
    """How a column is written in files, where that is not the documented default."""

    date: str | None = None
    """Pattern of dates and times: `DD/MM/YYYY`, `YYYY-MM-DD HH24:MI`."""
    zone: str | None = None
    """IANA zone of times that carry none: `Europe/Zurich`."""
    decimal: str | None = None
    """Decimal mark: `,`."""
    thousands: str | None = None
    """Mark between groups of three digits: `.`, `'`, a blank."""
    true_words: tuple[str, ...] = ()
    false_words: tuple[str, ...] = ()


class Contract(_Frozen):
    """Everything the steps know of a dataset."""

    name: str
    version: int
    table_schema: str
    table: str
    comment: str | None = None
    write_disposition: Literal["merge", "append", "replace"]
    natural_key: tuple[str, ...]
    columns: tuple[Column, ...]
    references: tuple[Reference, ...] = ()
    partitioned_by: Partitioning | None = None
    aliases: dict[str, str] = {}
    """Header names that stand for a column, in lower case."""
    null_words: tuple[str, ...] = ()
    trim: bool = True
    header: Literal["auto", "present", "absent"] = "auto"
    delimiter: str | None = None
    content_key: str | None = None
    """Column that Waybill fills with the SHA-256 of a record's content; not in files."""
    document: str | None = None
    """Column of type jsonb that takes whole records, whatever their fields."""
    file_format: Literal["auto", "csv", "json"] = "auto"
    formats: dict[str, Format] = {}
    """Per column how it is written in files."""
    encoding: str | None = None
    max_reject_share: float | None = None
    max_rejects: int | None = None
    keeps_raw: bool = False
    """Whether the staging table carries the raw text, since the database may refuse records."""

    def column(self, name: str) -> Column:
        """The column of this name; KeyError if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)
