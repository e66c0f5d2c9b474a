"""The pydantic model of a row, made from the contract: a JSON value becomes the text of a field."""

import re
from collections.abc import Callable
from typing import Annotated, Any, NotRequired

from pydantic import ConfigDict, PlainValidator, TypeAdapter, with_config
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from waybill.columns.formats import Written, formats_of
from waybill.columns.parse import TEXT_KINDS
from waybill.contract.model import Column, Contract
from waybill.http.exact_json import Number, json_text

Cell = str | None
Row = dict[str, Cell]
Reader = Callable[[Any], Cell]
_JSON_KINDS = ("json", "jsonb")
# An escape of NUL, not a backslash before what looks like one.
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


def readers(contract: Contract) -> dict[str, Reader]:
    """Per column what makes the text of a field of a JSON value.

    Each raises PydanticCustomError when the value is none that a field can be: `wrong_type`, or
    `nul_byte` and `invalid_utf8` of a text that PostgreSQL cannot hold.
    """
    written = formats_of(contract)
    return {
        column.name: _reader(column, written.get(column.name, Written()))
        for column in contract.columns
    }


def row_model(contract: Contract) -> TypeAdapter[Row]:
    """Takes a JSON object with columns of the dataset only; gives the text of each field."""
    # A TypedDict and not a BaseModel, since a column may be called anything.
    fields = {
        name: NotRequired[Annotated[Any, PlainValidator(reader)]]
        for name, reader in readers(contract).items()
    }
    kind: Any = TypedDict("Row", fields)  # type: ignore[misc] # it is made at run time
    strict: Any = with_config(ConfigDict(extra="forbid"))(kind)
    return TypeAdapter(strict)


def checked_text(text: str) -> str:
    """The text, if PostgreSQL can hold it.

    Raises:
        PydanticCustomError: `nul_byte` or `invalid_utf8`.
    """
    if "\0" in text:
        raise PydanticCustomError("nul_byte", "holds a NUL, which no text in PostgreSQL can")
    try:
        text.encode()
    except UnicodeEncodeError:
        message = "holds half of a surrogate pair, which is no character"
        raise PydanticCustomError("invalid_utf8", message) from None
    return text


def _reader(column: Column, written: Written) -> Reader:
    if column.kind in _JSON_KINDS:
        return as_json
    words = {
        True: (*written.true_words, "true")[0],
        False: (*written.false_words, "false")[0],
    }
    empty = "" if column.kind in TEXT_KINDS else None

    def read(value: object) -> Cell:
        if value is None:
            return None
        if isinstance(value, bool):
            return words[value]
        if isinstance(value, Number):
            # A JSON number has a point, whatever mark the column has in files.
            return value.replace(".", written.decimal) if written.has_numbers else str(value)
        if isinstance(value, str):
            return checked_text(value) if value else empty
        raise PydanticCustomError("wrong_type", "expected a plain value, found an object or a list")

    return read


def as_json(value: object) -> Cell:
    """The value as the text of a JSON column; null is null.

    Raises:
        PydanticCustomError: `nul_byte` or `invalid_utf8`.
    """
    if value is None:
        return None
    text = json_text(value)
    if _NUL.search(text):
        raise PydanticCustomError("nul_byte", "holds a NUL, which no text in PostgreSQL can")
    return checked_text(text)
