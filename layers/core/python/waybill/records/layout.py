"""How a file is laid out, as `plan` finds it in its head and `load` reads every chunk."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

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
    """Delimiter, the column of each field, and where the data begin."""

    model_config = ConfigDict(frozen=True)

    delimiter: Annotated[str, AfterValidator(check_delimiter)] = ","
    header: bool
    columns: tuple[str, ...]
    """The contract's column of each field, in the order of the file."""
    data_offset: int = Field(ge=0)
    """First byte of the data: after a byte order mark and a header."""
    first_line: int = Field(ge=1)
    """Physical line at that byte."""
    doubts: tuple[str, ...] = ()
    """What a person may want to know about how the head was read."""
