"""Patterns that may read a date or time, derived from its text.

In a template the parts that have one or two digits are in braces; `fill` makes it a pattern.
"""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

_VALUE = re.compile(
    r"(?P<date>.+?)(?:(?P<gap>,? |T)\d{1,2}:\d\d(?P<seconds>:\d\d)?(?:(?P<point>[.,])"
    r"(?P<fraction>\d+))?(?P<half> ?[AaPp][Mm])?(?P<zone> ?(?:Z|[+-]\d\d(?::?\d\d)?))?)?"
)
_NUMERIC = re.compile(r"(\d{1,4})([-/. ])\d{1,2}\2(\d{1,4})")
_DAY_FIRST = re.compile(r"\d{1,2}([-/. ]?)([A-Za-z]{3,9})([-/. ]?|, )(\d{4}|\d\d)")
_MONTH_FIRST = re.compile(r"([A-Za-z]{3,9})([-/. ])\d{1,2}([-/. ]|, )(\d{4}|\d\d)")
_COMPACT = re.compile(r"\d{8}")
_FRACTIONS = {0: "", 3: "MS", 6: "US", 9: "NS"}
_ZONES = {"": "", "Z": "Z", "+99": "TZH", "+9999": "TZHTZM", "+99:99": "TZH:TZM"}
_ABBREVIATION, _FULL_YEAR, _LONGEST = 3, 4, 60


class Width(NamedTuple):
    """Whether parts of the date, and hours, have two digits."""

    narrow_date: bool
    narrow_hour: bool


WIDE = Width(narrow_date=False, narrow_hour=False)
WIDTHS = (
    Width(narrow_date=True, narrow_hour=True),
    Width(narrow_date=True, narrow_hour=False),
    Width(narrow_date=False, narrow_hour=True),
)
"""From the narrowest; without the wide one, which reads whatever they read."""


def fill(template: str, width: Width) -> str:
    """The pattern with parts of this width."""
    month, day = ("MM", "DD") if width.narrow_date else ("M", "D")
    hour_24, hour_12 = ("HH24", "HH12") if width.narrow_hour else ("H24", "H12")
    parts: Mapping[str, str] = {"{M}": month, "{D}": day, "{H24}": hour_24, "{H12}": hour_12}
    return re.sub(r"\{\w+\}", lambda found: parts[found[0]], template)


def templates(text: str) -> Iterator[str]:
    """Patterns that may read the text; a text of two or three numbers has several."""
    found = _VALUE.fullmatch(text) if len(text) <= _LONGEST else None
    time = _time(found) if found else None
    if found and time is not None:
        yield from (date + time for date in _dates(found["date"]))


def _time(found: re.Match[str]) -> str | None:
    """The pattern of the time with the gap before it; None if nothing reads it."""
    if found["gap"] is None:
        return ""
    fraction = _FRACTIONS.get(len(found["fraction"] or ""))
    zone = _ZONES.get(re.sub(r"\d", "9", (found["zone"] or "").strip().replace("-", "+")))
    if fraction is None or zone is None:
        return None
    half = found["half"] or ""
    return "".join(
        [
            found["gap"],
            "{H12}:MI" if half else "{H24}:MI",
            ":SS" if found["seconds"] else "",
            (found["point"] or "") + fraction,
            half[:-2] + "AM" if half else "",
            " " if (found["zone"] or "").startswith(" ") else "",
            zone,
        ]
    )


def _dates(text: str) -> Iterator[str]:
    if numeric := _NUMERIC.fullmatch(text):
        yield from _numeric_dates(*numeric.groups())
    elif named := _DAY_FIRST.fullmatch(text):
        before, name, after, year = named.groups()
        yield from (f"{{D}}{before}{month}{after}{_year(year)}" for month in _months(name))
    elif named := _MONTH_FIRST.fullmatch(text):
        name, before, after, year = named.groups()
        yield from (f"{month}{before}{{D}}{after}{_year(year)}" for month in _months(name))
    elif _COMPACT.fullmatch(text):
        yield from ("YYYYMMDD", "DDMMYYYY", "MMDDYYYY")


def _numeric_dates(first: str, mark: str, last: str) -> Iterator[str]:
    if len(first) == _FULL_YEAR:
        yield f"YYYY{mark}{{M}}{mark}{{D}}"
        return
    yield f"{{D}}{mark}{{M}}{mark}{_year(last)}"
    yield f"{{M}}{mark}{{D}}{mark}{_year(last)}"
    if len(last) != _FULL_YEAR:
        yield f"YY{mark}{{M}}{mark}{{D}}"


def _months(name: str) -> tuple[str, ...]:
    if name.lower() == "may":
        return ("Mon", "Month")
    return ("Mon",) if len(name) == _ABBREVIATION else ("Month",)


def _year(digits: str) -> str:
    return "YYYY" if len(digits) == _FULL_YEAR else "YY"
