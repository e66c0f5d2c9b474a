"""Converts JSON values to the text that a field of a file would have."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from waybill.columns import codes
from waybill.columns.formats import ColumnFormat
from waybill.columns.parse import TEXT_KINDS
from waybill.contract.model import Column
from waybill.exact_json import JsonError, Number, check_numbers, format_json

ToText = Callable[[Any], str | None]
JSON_KINDS = frozenset(["json", "jsonb"])
# PostgreSQL names an array type after its elements', with an underscore in front.
_ARRAY_PREFIX = "_"
_ARRAY_ESCAPES = re.compile(r'(["\\])')


class FieldError(ValueError):
    """A value that the column does not accept."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class ScalarTexts(NamedTuple):
    """The texts of plain values in a column."""

    true: str
    false: str
    empty: str | None
    """Of the empty string."""
    decimal: str | None
    """Where a number's point is written otherwise."""

    @classmethod
    def of(cls, column: Column, column_format: ColumnFormat) -> "ScalarTexts":
        """The texts in a column with this format."""
        return cls(
            (*column_format.true_words, "true")[0],
            (*column_format.false_words, "false")[0],
            "" if column.kind in TEXT_KINDS else None,
            column_format.decimal if column_format.has_number_marks else None,
        )


def field_converter(column: Column, column_format: ColumnFormat | None) -> ToText:
    """A function from a JSON value other than null to the field's text, or None for null.

    It raises FieldError: `wrong_type`, or for json and jsonb `out_of_range`.
    """
    if column.kind in JSON_KINDS:
        return _json_text
    scalar_text = _scalar_converter(column, column_format or ColumnFormat())
    if not column.kind.startswith(_ARRAY_PREFIX):
        return scalar_text
    element_text = _element_converter(column.kind.removeprefix(_ARRAY_PREFIX))

    def array_or_scalar(value: Any) -> str | None:  # noqa: ANN401 - any JSON value
        return element_text(value) if isinstance(value, list) else scalar_text(value)

    return array_or_scalar


def _json_text(value: object) -> str:
    text = format_json(value)
    try:
        check_numbers(text, value)
    except JsonError as error:
        raise FieldError(error.code, error.message) from None
    return text


def _scalar_converter(column: Column, column_format: ColumnFormat) -> ToText:
    texts = ScalarTexts.of(column, column_format)

    def scalar_text(value: Any) -> str | None:  # noqa: ANN401 - any JSON value
        if isinstance(value, bool):
            return texts.true if value else texts.false
        if isinstance(value, Number):
            # A JSON number has a decimal point, whatever mark the column has in CSV files.
            return str(value) if texts.decimal is None else value.replace(".", texts.decimal)
        if not isinstance(value, str):
            found = "an object" if isinstance(value, dict) else "a list"
            message = f"expected a string, a number or a boolean, found {found}"
            raise FieldError(codes.WRONG_TYPE, message)
        return value or texts.empty

    return scalar_text


def _element_converter(kind: str) -> Callable[[Any], str]:
    """A function from an element or a list of elements to its part of an array literal."""

    def element_text(value: Any) -> str:  # noqa: ANN401 - any JSON value
        if isinstance(value, list):
            return "{" + ",".join(map(element_text, value)) + "}"
        if value is None:
            return "NULL"
        if kind in JSON_KINDS:
            return _quote(_json_text(value))
        if isinstance(value, bool):
            return "true" if value else "false"
        if not isinstance(value, str):
            raise FieldError(codes.WRONG_TYPE, "expected a list of plain values, found an object")
        # Number is a str, too.
        return _quote(value)

    return element_text


def _quote(text: str) -> str:
    return '"' + _ARRAY_ESCAPES.sub(r"\\\1", text) + '"'
