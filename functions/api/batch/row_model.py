"""The pydantic model of a row, built from the contract: JSON values become the text of fields."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, NotRequired

from pydantic import ConfigDict, PlainValidator, TypeAdapter, with_config
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from waybill.columns.formats import column_formats
from waybill.columns.json_values import JSON_KINDS, FieldError, ToText, field_converter
from waybill.contract.model import Contract
from waybill.exact_json import JsonError, check_characters, check_size, format_json

Cell = str | None
Row = dict[str, Cell]
Reader = Callable[[Any], Cell]


def field_readers(contract: Contract) -> dict[str, Reader]:
    """By column, a function from a JSON value to the field's text.

    It raises PydanticCustomError: `wrong_type`, `nul_byte`, `invalid_utf8`, or a limit of
    `waybill.exact_json`.
    """
    formats = column_formats(contract)
    readers = {
        column.name: _reader(field_converter(column, formats.get(column.name)))
        for column in contract.columns
    }
    if contract.document is not None:
        readers[contract.document] = _reader(_document_text)
    return readers


def row_model(contract: Contract) -> TypeAdapter[Row]:
    """Validates a JSON object that has only columns of the dataset; returns each field's text."""
    # A TypedDict rather than a BaseModel, because a column may have any name.
    fields = {
        name: NotRequired[Annotated[Any, PlainValidator(reader)]]
        for name, reader in field_readers(contract).items()
    }
    row_type: Any = TypedDict("Row", fields)  # type: ignore[misc] # built at run time
    strict: Any = with_config(ConfigDict(extra="forbid"))(row_type)
    return TypeAdapter(strict)


def plain_columns(contract: Contract) -> frozenset[str]:
    """The columns whose fields are the strings and numbers of JSON as they are."""
    formats = column_formats(contract)
    return frozenset(
        column.name
        for column in contract.columns
        if column.name != contract.document
        and column.kind not in JSON_KINDS
        and not (column.name in formats and formats[column.name].has_number_marks)
    )


def plain_fields(row: Mapping[str, object], plain: frozenset[str]) -> Row | None:
    """The texts of a row of such columns, as nearly all are; None if `row_model` must read it."""
    fields: Row = {}
    for name, value in row.items():
        if name not in plain:
            return None
        if value is None:
            fields[name] = None
        elif isinstance(value, str) and value and value.isascii() and value.isprintable():
            fields[name] = str(value)
        else:
            return None
    return fields


def _reader(to_text: ToText) -> Reader:
    def read(value: object) -> Cell:
        if value is None:
            return None
        try:
            check_characters(value)
            return to_text(value)
        except (JsonError, FieldError) as error:
            message = error.message.replace("{", "{{").replace("}", "}}")
            raise PydanticCustomError(error.code, message) from None

    return read


def _document_text(value: object) -> str:
    text = format_json(value)
    check_size(text)
    return text
