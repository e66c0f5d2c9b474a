"""Writes the values of cells as text.

A workbook stores every number as a double and dates as numbers of days, which only the format of
the cell tells from other numbers.
"""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Literal

from waybill.binary.task import Field
from waybill.binary.wording import write_time

Shape = Literal["number", "date", "time", "elapsed"]
_BUILT_IN: dict[str, Shape] = {
    **dict.fromkeys(map(str, (*range(14, 18), 22, *range(27, 32), 36, *range(50, 59))), "date"),
    **dict.fromkeys(map(str, (*range(18, 22), 32, 33, 34, 35, 45, 47)), "time"),
    "46": "elapsed",
}
_ELAPSED = re.compile(r"\[(h+|m+|s+)\]", re.IGNORECASE)
# Quoted and escaped text, fill characters, colours and conditions.
_LITERALS = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')
_INTEGER = re.compile(r"-?\d{1,40}")
_PLAIN = re.compile(r"-?\d{0,40}\.\d{1,40}")
_EXACT_DIGITS = 15
_MAX_EXPONENT = 40
_DAY_MILLISECONDS = 86_400_000
_FIRST_SERIAL, _END_SERIAL = -0.0, 2_958_466
_LEAP_1900 = 60


@lru_cache(maxsize=4096)
def shape_of(number_format: str) -> Shape:
    """What numbers in cells of this format mean; a built-in format is given by its number."""
    if number_format.isdigit():
        return _BUILT_IN.get(number_format, "number")
    positive = number_format.split(";", maxsplit=1)[0]
    if _ELAPSED.search(positive):
        return "elapsed"
    letters = _LITERALS.sub("", positive).lower().replace("general", "")
    if re.search(r"[dy]", letters) or ("m" in letters and not re.search(r"[hs]", letters)):
        return "date"
    return "time" if re.search(r"[hs]", letters) else "number"


def number_text(text: str) -> str:
    """The number with the digits that it was typed with.

    Excel stores 17 digits, of which it shows 15: 1.1 is stored as 1.1000000000000001.
    """
    if _INTEGER.fullmatch(text):
        return text
    try:
        if _PLAIN.fullmatch(text) and sum(map(str.isdigit, text)) <= _EXACT_DIGITS:
            number = Decimal(text)
        else:
            number = Decimal(repr(float(text)))
        if not number.is_finite() or abs(number.adjusted()) > _MAX_EXPONENT:
            return text
        written = f"{number:f}"
    except (ValueError, InvalidOperation):
        return text
    return written.rstrip("0").rstrip(".") if "." in written else written


def cell_text(text: str, shape: Shape, field: Field, *, starts_1904: bool) -> str:
    """The text of a number of this shape for a column."""
    if shape == "number":
        return _decimal(number_text(text), field)
    try:
        serial = float(text)
    except ValueError:
        return text
    if not _FIRST_SERIAL <= serial < _END_SERIAL:
        return number_text(text)
    if shape == "elapsed":
        return _clock(round(serial * _DAY_MILLISECONDS))
    try:
        return _written(_moment(serial, shape, field, starts_1904=starts_1904), field)
    except OverflowError:
        # Rounded, or counted from 1904, it is after the year 9999.
        return number_text(text)


def iso_text(text: str, field: Field) -> str:
    """The text of a cell that has a date in ISO 8601."""
    day, _, clock = text.rstrip("Z").partition("T")
    is_date = field.kind == "date" and not clock.strip("0:.")
    return _written(day if is_date or not clock else f"{day} {clock}", field)


def _decimal(number: str, field: Field) -> str:
    return number.replace(".", field.decimal)


def _written(iso: str, field: Field) -> str:
    return write_time(iso, field.pattern, field.pivot) if field.pattern else iso


def _moment(serial: float, shape: Shape, field: Field, *, starts_1904: bool) -> str:
    """The day, the time, or both, in ISO 8601."""
    count = round(serial * _DAY_MILLISECONDS)
    if serial < 1 and (not starts_1904 or shape == "time"):
        # A time of day: Excel shows it with the day 0 of 1900, which is none.
        return _clock(min(count, _DAY_MILLISECONDS - 1))
    days, milliseconds = divmod(count, _DAY_MILLISECONDS)
    day = _day(days, starts_1904=starts_1904)
    # A day without a time is the midnight of a column of times.
    is_date = not milliseconds and field.kind not in ("timestamp", "timestamptz")
    return day if is_date and shape == "date" else f"{day} {_clock(milliseconds)}"


def _day(days: int, *, starts_1904: bool) -> str:
    if starts_1904:
        start = datetime(1904, 1, 1, tzinfo=UTC)
    elif days == _LEAP_1900:
        # For Excel, as for Lotus 1-2-3, 1900 was a leap year. The check refuses the day.
        return "1900-02-29"
    else:
        start = datetime(1899, 12, 31 if days < _LEAP_1900 else 30, tzinfo=UTC)
    return f"{start + timedelta(days=days):%Y-%m-%d}"


def _clock(milliseconds: int) -> str:
    seconds, fraction = divmod(milliseconds, 1000)
    hours, rest = divmod(seconds, 3600)
    text = f"{hours:02}:{rest // 60:02}:{rest % 60:02}"
    return f"{text}.{fraction:03}" if fraction else text
