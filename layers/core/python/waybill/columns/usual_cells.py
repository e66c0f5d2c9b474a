"""Values in the forms that most have, checked one by one: for few, Arrow takes longer to call."""

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime

from waybill.contract.model import Column

FEW = 20
"""Up to so many rows it is faster."""
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(_DATE.pattern + r"[T ](?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}Z")
# So many digits are in the range of the type, whatever they are.
_INTEGERS = {
    "int2": re.compile(r"-?[0-9]{1,4}"),
    "int4": re.compile(r"-?[0-9]{1,9}"),
    "int8": re.compile(r"-?[0-9]{1,18}"),
}
_TEXT_KINDS = ("text", "varchar", "bpchar")


def usual_texts(column: Column, texts: Sequence[str | None]) -> list[str | None] | None:
    """The texts of a column without a format in PostgreSQL's own form.

    None if a value is of a rarer form, or invalid.
    """
    read = _reader(column)
    if read is None:
        return None
    found: list[str | None] = []
    for text in texts:
        value = None if text is None else read(text)
        if value is None and not (text is None and column.nullable):
            return None
        found.append(value)
    return found


def _reader(column: Column) -> Callable[[str], str | None] | None:
    if column.stage in _INTEGERS:
        digits = _INTEGERS[column.stage]
        return lambda text: str(int(text)) if digits.fullmatch(text) else None
    if column.stage == "date":
        return _date
    if column.stage == "timestamptz":
        return _instant
    if column.kind in _TEXT_KINDS:
        limit = column.max_length
        return lambda text: (
            text if text.isascii() and (limit is None or len(text) <= limit) else None
        )
    return None


def _date(text: str) -> str | None:
    return text if _DATE.fullmatch(text) and _exists(date.fromisoformat, text) else None


def _instant(text: str) -> str | None:
    if _INSTANT.fullmatch(text) and _exists(datetime.fromisoformat, text):
        return f"{text[:10]} {text[11:19]}.000000Z"
    return None


def _exists(parse: Callable[[str], object], text: str) -> bool:
    try:
        parse(text)
    except ValueError:
        return False
    return True
