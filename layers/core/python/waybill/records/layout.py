"""The layout of a file: detected once by `plan`, used by `load` for every chunk."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from waybill.binary.task import BINARY_FORMATS, BinaryFormat
from waybill.contract.drift import Drift
from waybill.records.compression import Compression
from waybill.records.encodings import Encoding, is_utf16
from waybill.records.marks import Marks, check_marks

JsonFormat = Literal["json-lines", "json-array", "json-objects"]
FileFormat = Literal["csv"] | JsonFormat | BinaryFormat


class AddedField(BaseModel):
    """A field of a record that is no column of the table."""

    model_config = ConfigDict(frozen=True)

    position: int = Field(ge=0)
    name: str


class Layout(BaseModel):
    """Compression, encoding, format, the column of each field, and where the data begin.

    Offsets refer to the text of the file. That is the object's bytes, unless it is compressed
    or UTF-16: then it is the decompressed text in UTF-8, and the object is one chunk.
    """

    model_config = ConfigDict(frozen=True)

    file_format: FileFormat = "csv"
    encoding: Encoding = "utf-8"
    compression: Compression | None = None
    delimiter: str = ","
    quote: str | None = '"'
    escape: str | None = None
    escape_codes: bool = False
    header: bool
    columns: tuple[str, ...]
    """The column of each field, in file order, without added fields; at the end `rescued`, if
    there are some to keep. For JSON, the columns that records may fill."""
    added: tuple[AddedField, ...] = ()
    """Fields of a CSV record that are no columns."""
    rescued: str | None = None
    """The column that keeps added fields; None if there are none to keep."""
    drift: tuple[Drift, ...] = ()
    """How the header differs from the table."""
    fields: tuple[str, ...] = ()
    """The header's own names, if each record becomes a document."""
    skip_blank_records: bool = False
    """Whether CSV records of only delimiters are blank, not records."""
    data_offset: int = Field(ge=0)
    """First byte of the data in the text: after a byte order mark and a header."""
    first_line: int = Field(ge=1)
    """Physical line at that offset; for a JSON array or JSON objects, the element, from 1; of a
    sheet, the row; of Parquet and Arrow, the record."""
    sheet: str | None = None
    """Of a workbook."""
    first_column: int = Field(default=0, ge=0)
    """Of a sheet, the first column that has a field, from 0."""
    warnings: tuple[str, ...] = ()
    """What is uncertain about the detected layout, for the user."""

    @model_validator(mode="after")
    def _have_distinct_marks(self) -> Self:
        check_marks(self.marks)
        return self

    @property
    def marks(self) -> Marks:
        """The characters of a CSV file that are not data."""
        return Marks(self.delimiter, self.quote, self.escape, self.escape_codes)

    @property
    def is_binary(self) -> bool:
        """Whether records are typed values, which are decoded in a process of their own."""
        return self.file_format in BINARY_FORMATS

    @property
    def is_stream(self) -> bool:
        """Whether it can only be read from the beginning, and so is one chunk."""
        return self.compression is not None or is_utf16(self.encoding)

    @property
    def width(self) -> int:
        """Number of fields of a CSV record."""
        kept = 0 if self.rescued is None else 1
        return len(self.fields or self.columns) - kept + len(self.added)

    @property
    def field_columns(self) -> list[str | None]:
        """The column of each field of a CSV record; None for one that is no column."""
        if self.fields:
            return [None] * self.width
        added = {field.position for field in self.added}
        names = iter(self.columns)
        return [None if at in added else next(names) for at in range(self.width)]
