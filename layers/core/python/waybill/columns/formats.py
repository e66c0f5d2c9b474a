"""Formats that a contract declares for its columns.

A declared format replaces the default; it is not accepted besides it. Under `*` it applies to
every column that it fits: a pattern without a time to dates, one with a time to timestamps,
number marks to numbers.

Patterns of dates and times consist of these parts. Everything else stands for itself; letters
must be quoted.

==================  =========================================================================
part                meaning
==================  =========================================================================
``YYYY``            year, four digits
``YY``              year, two digits: from `pivot` (default 70) on 19xx, below it 20xx
``MM``, ``DD``      month and day, two digits
``M``, ``D``        month and day, one or two digits
``Mon``             English abbreviation of the month, in any case: ``Jan``
``Month``           English name of the month, in any case: ``January``
``HH24``, ``HH12``  hour, two digits; ``HH12`` is 01 to 12 and needs ``AM``
``H24``, ``H12``    hour, one or two digits
``AM``              AM or PM, in any case
``MI``, ``SS``      minute and second, two digits
``MS``, ``US``      three or six decimals of the second
``NS``              nine decimals of the second, of which the last three are dropped
``TZH``, ``TZM``    hours of the UTC offset with sign (``+02``), and its minutes
==================  =========================================================================
"""

import re
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from waybill.contract.model import Column, Contract, Format
from waybill.errors import Rejected

EVERY_COLUMN = "*"
MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
_SHAPES = {
    "YYYY": "[0-9]{4}",
    "YY": "[0-9]{2}",
    "MM": "0[1-9]|1[0-2]",
    "M": "0?[1-9]|1[0-2]",
    "Month": "(?i:" + "|".join(MONTHS) + ")",
    "Mon": "(?i:" + "|".join(name[:3] for name in MONTHS) + ")",
    "DD": "0[1-9]|[12][0-9]|3[01]",
    "D": "0?[1-9]|[12][0-9]|3[01]",
    "HH24": "[01][0-9]|2[0-3]",
    "H24": "[01]?[0-9]|2[0-3]",
    "HH12": "0[1-9]|1[0-2]",
    "H12": "0?[1-9]|1[0-2]",
    "AM": "(?i:[AP]M)",
    "MI": "[0-5][0-9]",
    "SS": "[0-5][0-9]",
    "MS": "[0-9]{3}",
    "US": "[0-9]{6}",
    "NS": "[0-9]{9}",
    "TZH": "[+-](?:[01][0-9]|2[0-3])",
    "TZM": "[0-5][0-9]",
}
# Longer parts first: `Month` before `Mon`, `MM` before `M`.
_PART = re.compile("|".join(sorted(_SHAPES, key=len, reverse=True)) + r'|"[^"]*"|.', re.DOTALL)
_YEAR, _MONTH, _DAY = ("YYYY", "YY"), ("MM", "M", "Mon", "Month"), ("DD", "D")
_HOUR_24, _HOUR_12 = ("HH24", "H24"), ("HH12", "H12")
_FRACTION = ("MS", "US", "NS")
_TIME_PARTS = frozenset([*_HOUR_24, *_HOUR_12, *_FRACTION, "AM", "MI", "SS", "TZH", "TZM"])
# Letters that separate a date from a time or mark UTC, as in ISO 8601.
_PLAIN_LETTERS = "TZ"
_NUMBER_KINDS = frozenset(["int2", "int4", "int8", "float4", "float8", "numeric"])
_TIME_KINDS = frozenset(["date", "timestamp", "timestamptz"])
_TEXT_KINDS = frozenset(["text", "varchar", "bpchar", "name", "citext"])
DEFAULT_PIVOT = 70


class Pattern(NamedTuple):
    """A pattern of dates or times."""

    text: str
    """As declared in the contract."""
    regex: str
    """RE2 expression with a named group per part; it accepts 31 days in every month."""
    parts: frozenset[str]


class ColumnFormat(NamedTuple):
    """The format of a column; the defaults stand for what is not declared."""

    pattern: Pattern | None = None
    zone: ZoneInfo | None = None
    pivot: int = DEFAULT_PIVOT
    """First two-digit year of the twentieth century."""
    decimal: str = "."
    thousands: str = ""
    currency: str = ""
    negative: str = "sign"
    """`sign`, `trailing` or `parentheses`."""
    true_words: tuple[str, ...] = ()
    false_words: tuple[str, ...] = ()
    trim_quoted: bool = False
    """Whether blanks are removed around quoted fields too."""

    @property
    def has_number_marks(self) -> bool:
        """Whether numbers differ from PostgreSQL's own format."""
        return (self.decimal, self.thousands, self.currency, self.negative) != (".", "", "", "sign")


def column_formats(contract: Contract) -> dict[str, ColumnFormat]:
    """The formats of the columns for which the contract declares one.

    Raises:
        Rejected: `contract-broken`, a format does not fit its column.
    """
    declared = {column.name: _declared_format(column, contract) for column in contract.columns}
    return {
        column.name: _column_format(column, declared[column.name])
        for column in contract.columns
        if declared[column.name] != Format()
    }


def _declared_format(column: Column, contract: Contract) -> Format:
    """The column's own format, completed with the parts of `*` that fit the column."""
    shared = contract.formats.get(EVERY_COLUMN, Format())
    own = contract.formats.get(column.name, Format())
    merged = {**shared.model_dump(exclude_defaults=True), **own.model_dump(exclude_defaults=True)}
    applicable: set[str] = set()
    if column.kind in _NUMBER_KINDS:
        applicable = {"decimal", "thousands", "currency", "negative"}
    elif column.kind == "bool":
        applicable = {"true_words", "false_words"}
    elif column.kind in _TIME_KINDS:
        applicable = (
            {"date", "pivot", "zone"} if column.kind == "timestamptz" else {"date", "pivot"}
        )
    if own.trim_quoted or column.kind not in _TEXT_KINDS:
        applicable.add("trim_quoted")
    # A shared pattern with a time is not meant for dates, nor one without for timestamps.
    if column.kind in _TIME_KINDS and not own.date and not _fits_column(merged.get("date"), column):
        applicable.discard("date")
    return Format.model_validate({name: merged[name] for name in merged if name in applicable})


def _fits_column(pattern: str | None, column: Column) -> bool:
    parts = set(_PART.findall(pattern or ""))
    return (column.kind == "date") != bool(parts & _TIME_PARTS)


def _column_format(column: Column, declared: Format) -> ColumnFormat:
    decimal, thousands = declared.decimal or ".", declared.thousands or ""
    # A point as the thousands mark implies a decimal comma; a comma does not imply anything.
    if thousands == "." and declared.decimal is None:
        decimal = ","
    _check_marks(column, decimal, thousands, declared.currency or "")
    return ColumnFormat(
        compile_pattern(column, declared.date) if declared.date else None,
        _zone(column, declared.zone) if declared.zone else None,
        DEFAULT_PIVOT if declared.pivot is None else declared.pivot,
        decimal,
        thousands,
        declared.currency or "",
        declared.negative or "sign",
        declared.true_words,
        declared.false_words,
        declared.trim_quoted,
    )


def _check_marks(column: Column, decimal: str, thousands: str, currency: str) -> None:
    marks = decimal + thousands
    if len(decimal) != 1 or len(thousands) > 1 or len(set(marks)) < len(marks):
        raise _broken(column, f"the number marks are {decimal!r} and {thousands!r}")
    if any(mark.isalnum() or mark in '-+"()' for mark in marks):
        raise _broken(column, f"{marks!r} cannot be number marks")
    if any(char.isdigit() or char.isspace() or char in '-+"()' + marks for char in currency):
        raise _broken(column, f"{currency!r} cannot be a currency symbol")


def _zone(column: Column, name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise _broken(column, f"there is no time zone {name!r}") from None


def compile_pattern(column: Column, text: str) -> Pattern:
    """The pattern of a column.

    Raises:
        Rejected: `contract-broken`, it means nothing or does not fit the column.
    """
    regex = ""
    parts: set[str] = set()
    for part in _PART.findall(text):
        if part in _SHAPES:
            if part in parts:
                raise _broken(column, f"{part} occurs twice in {text!r}")
            parts.add(part)
            regex += f"(?P<{part}>{_SHAPES[part]})"
        elif part.isalpha() and part not in _PLAIN_LETTERS:
            raise _broken(column, f"{part!r} in {text!r} is not a part of a date; quote letters")
        else:
            regex += re.escape(part.strip('"') if len(part) > 1 else part)
    _check_parts(column, text, parts)
    return Pattern(text, rf"\A{regex}\z", frozenset(parts))


def _check_parts(column: Column, text: str, parts: set[str]) -> None:
    if any(len(parts & set(group)) != 1 for group in (_YEAR, _MONTH, _DAY)):
        raise _broken(column, f"{text!r} needs a year, a month and a day, once each")
    if column.kind == "date" and parts & _TIME_PARTS:
        raise _broken(column, f"{text!r} has a time, but the column is a date")
    if parts & {"TZH", "TZM"} and column.kind != "timestamptz":
        raise _broken(column, f"{text!r} has a UTC offset, but the column has no zone")
    if "TZM" in parts and "TZH" not in parts:
        raise _broken(column, f"{text!r} has TZM without TZH")
    if len(parts & {*_HOUR_24, *_HOUR_12}) > 1 or len(parts & set(_FRACTION)) > 1:
        raise _broken(column, f"{text!r} has the hour or the decimals of the second twice")
    if bool(parts & set(_HOUR_12)) != ("AM" in parts):
        raise _broken(column, f"{text!r} needs both HH12 and AM, or neither")


def _broken(column: Column, why: str) -> Rejected:
    return Rejected("contract-broken", f"The format of {column.name}: {why}.")
