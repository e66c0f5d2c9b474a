"""The contract as returned by the SQL function `waybill.contract(dataset)`."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

WriteDisposition = Literal["merge", "append", "replace"]
DriftPolicy = Literal["refuse", "ignore", "rescue"]
Stage = Literal[
    "int2", "int4", "int8", "float4", "float8", "bool", "date", "timestamp", "timestamptz", "text"
]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Column(_Frozen):
    """A column that files fill: its type, and its type in the staging table."""

    name: str
    type: str
    """The type as PostgreSQL formats it: `numeric(10,2)`, `character varying(20)`."""
    kind: str
    """Name of the base type, with domains resolved: `int4`, `numeric`, `timestamptz`, `inet` …"""
    stage: Stage
    """Type in the staging table; `text` is cast and checked by the database."""
    required: bool
    """NOT NULL without a default: every file must have the column and fill it."""
    nullable: bool
    has_default: bool
    max_length: int | None = None
    """Maximum characters of `varchar(n)` and `char(n)`."""
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
    """The dataset of the referenced table, if it has one."""


class Partitioning(_Frozen):
    """Range partitioning by a time column; `unit` is `year`, `month` or `day`."""

    column: str
    unit: str


class Format(_Frozen):
    """The format of a column in files, where it is not the default."""

    date: str | None = None
    """Pattern of dates and times: `DD/MM/YYYY`, `YYYY-MM-DD HH24:MI`."""
    zone: str | None = None
    """IANA time zone of times without one: `Europe/Zurich`."""
    decimal: str | None = None
    """Decimal mark: `,`."""
    thousands: str | None = None
    """Separator between groups of three digits: `.`, `'`, a space."""
    pivot: int | None = Field(default=None, ge=0, le=100)
    """First two-digit year that is 19xx; lower ones are 20xx. Default 70."""
    currency: str | None = None
    """Symbol that may stand before or after a number: `$`, `EUR`."""
    negative: Literal["sign", "trailing", "parentheses"] | None = None
    """Besides `-5`, negative numbers may be written `5-` or `(5)`."""
    trim_quoted: bool = False
    """Whether spaces and tabs are removed around quoted fields too."""
    true_words: tuple[str, ...] = ()
    false_words: tuple[str, ...] = ()


class Condition(_Frozen):
    """A condition on the text of a column; exactly one of the others is given."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    column: str
    is_in: tuple[str, ...] | None = Field(default=None, alias="in")
    """Holds for these values; not for null."""
    not_in: tuple[str, ...] | None = None
    """Holds for all other values, and for null."""
    like: str | None = None
    """Holds for values that match the pattern, in which `%` is any text, `_` any character and
    a backslash makes the next character stand for itself; not for null."""
    not_like: str | None = None
    """Holds for values that do not match, and for null."""
    filled: bool | None = None
    """Whether there is a value."""


class Transformation(_Frozen):
    """Rules for the text of fields, applied in the order given here before values are checked.

    `*` stands for every column that a rule fits.
    """

    trim: tuple[str, ...] = ()
    """Columns without white space at either end, quoted or not."""
    null_words: dict[str, tuple[str, ...]] = {}
    """Texts that mean null, quoted or not, by column."""
    lower: tuple[str, ...] = ()
    upper: tuple[str, ...] = ()
    filter: tuple[Condition, ...] = ()
    """Only records for which all conditions hold are loaded."""

    enrich: dict[str, dict[str, Any]] = {}
    """Columns that the merge fills from another dataset."""
    where: str | None = None
    """SQL condition that the merge applies."""
    drop_duplicates: tuple[str, ...] = ()
    """Columns by which the merge leaves out repeated records."""

    @property
    def in_merge(self) -> tuple[str, ...]:
        """The names of the rules that only the merge applies."""
        rules = {
            "enrich": self.enrich,
            "where": self.where,
            "drop_duplicates": self.drop_duplicates,
        }
        return tuple(name for name, rule in rules.items() if rule)

    def null_words_of(self, column: str, *, is_json: bool = False) -> tuple[str, ...]:
        """The texts that mean null in this column."""
        shared = () if is_json else self.null_words.get("*", ())
        return (*self.null_words.get(column, ()), *shared)


class Lookup(_Frozen):
    """A declared way to look up a row."""

    columns: tuple[str, ...]
    """Columns that a value must be given for."""
    filters: dict[str, str | None] = {}
    """Columns that a value may be given for, with the value that is used otherwise."""
    where: dict[str, str] = {}
    """Values that are always the same."""
    index: str | None = None
    """The index that the plan must use; None for a scan of the whole table."""
    cached: bool = False


class Contract(_Frozen):
    """A dataset as the pipeline sees it."""

    name: str
    version: int
    table_schema: str
    table: str
    comment: str | None = None
    write_disposition: WriteDisposition
    natural_key: tuple[str, ...]
    columns: tuple[Column, ...]
    references: tuple[Reference, ...] = ()
    partitioned_by: Partitioning | None = None
    aliases: dict[str, str] = {}
    """Column by header name, in lower case."""
    null_words: tuple[str, ...] = ()
    trim: bool = True
    header: Literal["auto", "present", "absent"] = "auto"
    delimiter: str | None = None
    quote: str | None = '"'
    """Character around fields of CSV; None: quotes are data."""
    escape: str | None = None
    """Character that takes its meaning from a quote after it, and without quotes from a delimiter
    or line ending, too."""
    escape_codes: bool = False
    """Whether letters after it stand for control characters: `\\n`, `\\t`."""
    skip_blank_records: bool = True
    """Whether CSV records of only delimiters and blanks are blank lines, not records."""
    repeated_header: Literal["reject", "load"] = "reject"
    """What becomes of a CSV record whose fields are all column names."""
    drift: DriftPolicy = "refuse"
    """What becomes of columns in files that the table lacks."""
    rescued: str | None = None
    """Column of type jsonb that keeps them, if they are rescued."""
    content_key: str | None = None
    """Column filled with the SHA-256 of the record's content; not in files."""
    document: str | None = None
    """Column of type jsonb that holds the whole record, with any fields."""
    file_format: Literal["auto", "csv", "json", "parquet", "arrow", "xlsx"] = "auto"
    sheet: str | None = None
    """The sheet of a workbook that is read; None for the first."""
    formats: dict[str, Format] = {}
    """Format by column."""
    encoding: str | None = None
    max_reject_share: float | None = None
    max_rejects: int | None = None
    max_upload_bytes: int | None = None
    """Size limit of a file as it is stored, so of the compressed one if it is compressed."""
    personal: tuple[str, ...] = ()
    """Columns with personal data, also ones that files do not fill."""
    searchable: tuple[str, ...] = ()
    """Columns that rows can be found by."""
    lookups: dict[str, Lookup] = {}
    """Ways to look up a row, by name."""
    transformation: Transformation = Transformation()
    keeps_raw: bool = False
    """Whether the staging table has the raw text, since the database may reject records."""

    @property
    def file_columns(self) -> tuple[Column, ...]:
        """The columns that files are expected to have, in table order."""
        return tuple(column for column in self.columns if column.name != self.rescued)

    def column(self, name: str) -> Column:
        """The column of this name; raises KeyError if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)
