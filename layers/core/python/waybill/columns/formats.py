"""How the columns of a contract are written in files, where it says so.

What a contract declares holds for that column in place of the default, not besides it. Under `*`
it holds for every column that it can be meant for: a pattern without times for dates, one with
times for times, marks for numbers. Patterns
of dates and times are made of these parts, everything else stands for itself (letters in
quotes): `YYYY`, `YY` (00 to 69 are 2000 to 2069, 70 to 99 are 1970 to 1999), `MM`, `DD`, `HH24`,
`MI`, `SS`, `MS` (three digits), `US` (six), `TZH` (a sign and two digits), `TZM`. Every part has
all of its digits: `DD/MM/YYYY` is not `7/4/2021`.
"""

import re
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from waybill.contract.model import Column, Contract, Format
from waybill.errors import Rejected

EVERY_COLUMN = "*"
_PART = re.compile(r'YYYY|YY|MM|DD|HH24|MI|SS|MS|US|TZH|TZM|"[^"]*"|.', re.DOTALL)
_SHAPES = {
    "YYYY": "[0-9]{4}",
    "YY": "[0-9]{2}",
    "MM": "(?:0[1-9]|1[0-2])",
    "DD": "(?:0[1-9]|[12][0-9]|3[01])",
    "HH24": "(?:[01][0-9]|2[0-3])",
    "MI": "[0-5][0-9]",
    "SS": "[0-5][0-9]",
    "MS": "[0-9]{3}",
    "US": "[0-9]{6}",
    "TZH": "[+-](?:[01][0-9]|2[0-3])",
    "TZM": "[0-5][0-9]",
}
_WIDTHS = {"YYYY": 4, "MS": 3, "US": 6, "TZH": 3}
_TIMES = frozenset(["HH24", "MI", "SS", "MS", "US", "TZH", "TZM"])
_LETTERS = "TZ"
_NUMBERS = frozenset(["int2", "int4", "int8", "float4", "float8", "numeric"])
_MOMENTS = frozenset(["date", "timestamp", "timestamptz"])


class Pattern(NamedTuple):
    """A pattern of dates or times: all of its texts have one length."""

    text: str
    """As the contract has it."""
    shape: str
    """Regular expression (RE2) of what it takes; that a day is in its month is not in it."""
    places: dict[str, tuple[int, int]]
    """First byte and number of digits of each part."""


class Written(NamedTuple):
    """How a column is written; None and empty stand for the default."""

    pattern: Pattern | None = None
    zone: ZoneInfo | None = None
    decimal: str = "."
    thousands: str = ""
    true_words: tuple[str, ...] = ()
    false_words: tuple[str, ...] = ()

    @property
    def has_numbers(self) -> bool:
        """Whether numbers are not written as PostgreSQL does."""
        return self.decimal != "." or self.thousands != ""


def formats_of(contract: Contract) -> dict[str, Written]:
    """How each column is written that is not written as is the default.

    Raises:
        Rejected: `contract-broken`: a format that means nothing for its column.
    """
    given = {column.name: _given(column, contract) for column in contract.columns}
    return {
        column.name: _written(column, given[column.name])
        for column in contract.columns
        if given[column.name] != Format()
    }


def _given(column: Column, contract: Contract) -> Format:
    """The column's own format over that of every column, as far as it can be meant for it."""
    shared = contract.formats.get(EVERY_COLUMN, Format())
    own = contract.formats.get(column.name, Format())
    given = {**shared.model_dump(exclude_defaults=True), **own.model_dump(exclude_defaults=True)}
    kept: set[str] = set()
    if column.kind in _NUMBERS:
        kept = {"decimal", "thousands"}
    elif column.kind == "bool":
        kept = {"true_words", "false_words"}
    elif column.kind in _MOMENTS:
        kept = {"date", "zone"} if column.kind == "timestamptz" else {"date"}
    # A pattern with times for every column is not meant for dates, nor the other way about.
    if column.kind in _MOMENTS and not own.date and not _is_for(given.get("date"), column):
        kept.discard("date")
    return Format.model_validate({name: value for name, value in given.items() if name in kept})


def _is_for(pattern: str | None, column: Column) -> bool:
    parts = set(_PART.findall(pattern or ""))
    return (column.kind == "date") != bool(parts & _TIMES)


def _written(column: Column, given: Format) -> Written:
    decimal, thousands = given.decimal or ".", given.thousands or ""
    # A comma that parts groups leaves the point its meaning, a point that does takes it.
    if thousands == "." and given.decimal is None:
        decimal = ","
    marks = decimal + thousands
    if len(decimal) != 1 or len(thousands) > 1 or len(set(marks)) < len(marks):
        raise _broken(column, f"the marks of its numbers are {decimal!r} and {thousands!r}")
    if any(mark.isalnum() or mark in '-+"' for mark in marks):
        raise _broken(column, f"{marks!r} cannot be marks in a number")
    return Written(
        _pattern(column, given.date) if given.date else None,
        _zone(column, given.zone) if given.zone else None,
        decimal,
        thousands,
        given.true_words,
        given.false_words,
    )


def _zone(column: Column, name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise _broken(column, f"there is no zone {name!r}") from None


def _pattern(column: Column, text: str) -> Pattern:
    shape, at = "", 0
    places: dict[str, tuple[int, int]] = {}
    for part in _PART.findall(text):
        if part not in _SHAPES:
            literal = part.strip('"') if len(part) > 1 else part
            if part.isalpha() and part not in _LETTERS:
                raise _broken(column, f"{part!r} is no part of a date, in {text!r}")
            shape += re.escape(literal)
            at += len(literal.encode())
            continue
        if part in places:
            raise _broken(column, f"{part} is in {text!r} twice")
        places[part] = at, _WIDTHS.get(part, 2)
        shape += _SHAPES[part]
        at += places[part][1]
    _check_parts(column, text, frozenset(places))
    return Pattern(text, shape, places)


def _check_parts(column: Column, text: str, parts: frozenset[str]) -> None:
    if not {"MM", "DD"} <= parts or len(parts & {"YYYY", "YY"}) != 1:
        raise _broken(column, f"{text!r} does not say year, month and day, once each")
    if column.kind == "date" and parts & _TIMES:
        raise _broken(column, f"{text!r} has a time, which a date has not")
    if parts & {"TZH", "TZM"} and column.kind != "timestamptz":
        raise _broken(column, f"{text!r} has an offset, which the column has not")
    if "TZM" in parts and "TZH" not in parts:
        raise _broken(column, f"{text!r} has minutes of an offset without its hours")


def _broken(column: Column, why: str) -> Rejected:
    return Rejected("contract-broken", f"The format of {column.name}: {why}.")
