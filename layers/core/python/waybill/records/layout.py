"""How a file is laid out, as `plan` finds it in its head and `load` reads every chunk."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from waybill.records.compression import Compression
from waybill.records.encodings import Encoding, is_wide

FileFormat = Literal["csv", "json-lines", "json-array"]
_NO_DELIMITER = frozenset('"\r\n\0')


def check_delimiter(delimiter: str) -> str:
    """The delimiter, if it can be one.

    Raises:
        ValueError: it is not one ASCII character, or one with a meaning of its own.
    """
    if len(delimiter) != 1 or not delimiter.isascii() or delimiter in _NO_DELIMITER:
        raise ValueError(f"{delimiter!r} is not one ASCII character that can separate fields")
    return delimiter


class Layout(BaseModel):
    """Compression, encoding, format, the column of each field, and where the data begin.

    Offsets are of the file's text. That is the object's bytes, unless the object is compressed
    or UTF-16: then it is what comes out, as UTF-8, and the object is one chunk.
    """

    model_config = ConfigDict(frozen=True)

    file_format: FileFormat = "csv"
    encoding: Encoding = "utf-8"
    compression: Compression | None = None
    delimiter: Annotated[str, AfterValidator(check_delimiter)] = ","
    header: bool
    columns: tuple[str, ...]
    """The contract's column of each field, in the order of the file; of JSON, those it may fill."""
    fields: tuple[str, ...] = ()
    """The header's own names, where a whole record becomes a document."""
    data_offset: int = Field(ge=0)
    """First byte of the data in the text: after a byte order mark and a header."""
    first_line: int = Field(ge=1)
    """Physical line at that byte; of a JSON array, the element, from 1."""
    warnings: tuple[str, ...] = ()
    """What a person may want to know about how the head was read."""

    @property
    def is_stream(self) -> bool:
        """Whether it can be read from its beginning only, so that it is one chunk."""
        return self.compression is not None or is_wide(self.encoding)

    @property
    def width(self) -> int:
        """How many fields a record has (CSV)."""
        return len(self.fields or self.columns)
