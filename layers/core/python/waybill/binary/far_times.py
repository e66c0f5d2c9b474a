"""Writes dates and times of years that Arrow does not write.

Of a year beyond 32767 it writes `<value out of range: …>`, which a column of text would take.
"""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

_FAR = "<value out of range"
_DAY = 86_400
_ERA_DAYS, _ERA_YEARS = 146_097, 400
# Days from 0000-03-01 to 1970-01-01.
_EPOCH = 719_468


def with_far_times(texts: Any, units: Any, per_second: int) -> Any:  # noqa: ANN401 - Arrow arrays
    """The texts; of times that Arrow did not write, as ISO 8601 has them.

    `units` are integers since 1970: days if `per_second` is 0, else so many in a second.
    """
    is_far = pc.starts_with(texts, _FAR).fill_null(False)
    if not pc.any(is_far).as_py():
        return texts
    numbers = units.filter(is_far).to_pylist()
    written = [_day(each) if not per_second else _time(each, per_second) for each in numbers]
    return pc.replace_with_mask(texts, is_far, pa.array(written, pa.string()))


def _time(units: int, per_second: int) -> str:
    seconds, fraction = divmod(units, per_second)
    days, clock = divmod(seconds, _DAY)
    digits = len(str(per_second)) - 1
    text = f"{_day(days)} {clock // 3600:02}:{clock // 60 % 60:02}:{clock % 60:02}"
    return f"{text}.{fraction:0{digits}}" if digits else text


def _day(days: int) -> str:
    """The day of the proleptic Gregorian calendar; the year 0 is 1 BC."""
    era, day = divmod(days + _EPOCH, _ERA_DAYS)
    # Years that begin in March, so that a leap day is the last one.
    year = (day - day // 1460 + day // 36_524 - day // 146_096) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153
    day -= (153 * month + 2) // 5
    is_next = month > 9
    number = era * _ERA_YEARS + year + is_next
    sign = "-" if number < 0 else ""
    return f"{sign}{abs(number):04}-{month - 9 if is_next else month + 3:02}-{day + 1:02}"
