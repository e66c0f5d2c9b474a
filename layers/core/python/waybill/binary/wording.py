"""Writes typed values as the text that a file of the dataset would have.

A dataset may declare the format of dates, numbers and booleans in its text files. A typed value
has none of these formats, so that it is written in the declared one and passes the same check. A
time that the declared pattern cannot express stays in ISO 8601, and is rejected by the check.
"""

import re
from collections.abc import Mapping

_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(Z?))?")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_PARTS = (
    *("Month", "YYYY", "HH24", "HH12", "Mon", "H24", "H12", "TZH", "TZM"),
    *("YY", "MM", "DD", "AM", "MI", "SS", "MS", "US", "NS", "M", "D"),
)
_TOKEN = re.compile("|".join(_PARTS) + r'|"[^"]*"|.', re.DOTALL)
_NOON = 12
_CENTURY = 100


def write_time(iso: str, pattern: str, pivot: int) -> str:
    """A date or time, given in ISO 8601, in the pattern; unchanged if the pattern loses a part."""
    found = _ISO.fullmatch(iso)
    tokens = _TOKEN.findall(pattern)
    if found is None or not _is_expressed(found, set(tokens), pivot):
        return iso
    values = _values(found)
    return "".join(values.get(token, token.strip('"') if len(token) > 1 else token)
                   for token in tokens)  # fmt: skip


def _is_expressed(found: re.Match[str], tokens: set[str], pivot: int) -> bool:
    """Whether the pattern has a place for all that the time has."""
    _, _, _, hour, minute, second, fraction, zone = found.groups()
    year = int(found[1])
    has_time = bool(tokens & {"HH24", "H24", "HH12", "H12"})
    digits = next((size for part, size in (("MS", 3), ("US", 6), ("NS", 9)) if part in tokens), 0)
    return (
        ("YYYY" in tokens or 1900 + pivot <= year < 2000 + pivot)
        and has_time == (hour is not None)
        and (bool(zone) == ("TZH" in tokens))
        and ("MI" in tokens or not int(minute or 0))
        and ("SS" in tokens or not int(second or 0))
        and not int((fraction or "").ljust(9, "0")[digits:] or 0)
    )


def _values(found: re.Match[str]) -> Mapping[str, str]:
    year, month, day = (int(part) for part in found.group(1, 2, 3))
    hour, minute, second = (int(part or 0) for part in found.group(4, 5, 6))
    fraction = (found[7] or "").ljust(9, "0")
    twelve = hour % _NOON or _NOON
    return {
        "YYYY": found[1], "YY": f"{year % _CENTURY:02}",
        "MM": f"{month:02}", "M": str(month),
        "Month": _MONTHS[month - 1], "Mon": _MONTHS[month - 1][:3],
        "DD": f"{day:02}", "D": str(day),
        "HH24": f"{hour:02}", "H24": str(hour), "HH12": f"{twelve:02}", "H12": str(twelve),
        "AM": "AM" if hour < _NOON else "PM",
        "MI": f"{minute:02}", "SS": f"{second:02}",
        "MS": fraction[:3], "US": fraction[:6], "NS": fraction,
        "TZH": "+00", "TZM": "00",
    }  # fmt: skip
