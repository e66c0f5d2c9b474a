"""Checks of dates and times in ISO 8601; only dates that exist are valid.

Without a format in the contract, exactly these are accepted:

==================  ===============================  ============================================
column              format                           example
==================  ===============================  ============================================
``date``            ``YYYY-MM-DD``                   ``2021-07-27``
``timestamp``       date, ``T`` or a blank, time     ``2021-07-27T16:02:08``
                    ``HH:MM:SS``                     ``2021-07-27 16:02:08``
                    up to six decimals, then zeros   ``2021-07-27T16:02:08.5``
``timestamptz``     the same, followed by ``Z``      ``2021-07-27T16:02:08Z``
                    or an offset ``±HH``             ``2021-07-27T18:02:08+02``
                    ``±HHMM``                        ``2021-07-27T18:02:08+0200``
                    ``±HH:MM``                       ``2021-07-27T18:02:08+02:00``
==================  ===============================  ============================================

Years are 0001 to 9999 (in UTC). Whatever PostgreSQL would have to guess is rejected: a date
without a time, ``now``, ``infinity``, ``24:00:00``, a leap second, ISO weeks and ordinal dates,
names of months or zones, omitted digits.
"""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from waybill.columns import codes
from waybill.columns.check_result import (
    Array,
    CheckResult,
    Mask,
    Violation,
    cast_or_none,
    not_matching,
    null_where,
    to_mask,
    violations,
)
from waybill.columns.text_bytes import text_bytes
from waybill.columns.usual_times import DATE, DAYS_OF_MONTH, NAIVE, ZONED, in_usual_form
from waybill.contract.model import Column

_DATE = r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?"
_TOO_FINE = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{7,}"
_ZEROS_BEYOND_MICROSECONDS = r"(\.[0-9]{6})0+"
_ZONE = r"(?:Z|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?)"
_MIN_LENGTH = len("2021-07-27T16:02:08")
_NAIVE, _INSTANT = pa.timestamp("us"), pa.timestamp("us", "UTC")
# Days from 1970-01-01 to 0001-01-01 and (exclusive) 10000-01-01.
_FIRST_DAY, _END_DAY = -719_162, 2_932_897
_DAY = 86_400_000_000


def dates(strings: Array, _column: Column) -> CheckResult:
    """`YYYY-MM-DD`, from 0001-01-01 to 9999-12-31."""
    values = cast_or_none(strings, pa.date32())
    invalid = np.zeros(len(strings), bool)
    if values is None:
        suspects = ~in_usual_form(strings, DATE)
        invalid = suspects & ~_existing(strings, suspects, _DATE) & to_mask(strings.is_valid())
        values = pc.cast(null_where(invalid, strings), pa.date32())
    out_of_range = outside_years(values, pa.int32(), 1)
    return CheckResult(
        null_where(out_of_range, values),
        violations(
            Violation(codes.INVALID_DATE, "expected a date as YYYY-MM-DD", invalid),
            Violation(codes.OUT_OF_RANGE, "expected a year from 0001 to 9999", out_of_range),
        ),
    )


def timestamps(strings: Array, column: Column) -> CheckResult:
    """`YYYY-MM-DD[T ]HH:MM:SS[.ffffff]`, with a zone if and only if the column is timestamptz."""
    zoned = column.stage == "timestamptz"
    target = _INSTANT if zoned else _NAIVE
    values = _cast_timestamps(strings, target)
    invalid = other_form = too_fine = np.zeros(len(strings), bool)
    if values is None:
        strings, sound, other_form, too_fine = _classify(strings, zoned=zoned)
        values = pc.cast(null_where(~sound, strings), target)
        invalid = to_mask(strings.is_valid()) & ~sound & ~other_form & ~too_fine
    out_of_range = outside_years(values, pa.int64(), _DAY)
    code = codes.TIMESTAMP_WITHOUT_ZONE if zoned else codes.TIMESTAMP_WITH_ZONE
    expected = "a time with a zone, as Z or an offset" if zoned else "a time without a zone"
    example = "2021-07-27T16:02:08Z" if zoned else "2021-07-27T16:02:08"
    return CheckResult(
        null_where(out_of_range, values),
        violations(
            Violation(codes.INVALID_TIMESTAMP, f"expected a time such as {example}", invalid),
            Violation(code, f"expected {expected}", other_form),
            Violation(codes.TOO_MANY_DECIMALS, "expected at most 6 decimals of a second", too_fine),
            Violation(codes.OUT_OF_RANGE, "expected a year from 0001 to 9999 in UTC", out_of_range),
        ),
    )


class _Classified(NamedTuple):
    """What times are; the rest is invalid."""

    strings: Array
    """The times, without zeros beyond microseconds."""
    sound: Mask
    other_form: Mask
    """With a zone where none belongs, or without one."""
    too_fine: Mask


def _classify(strings: Array, *, zoned: bool) -> _Classified:
    """Which times are valid; only those in no usual form are matched against patterns."""
    form, other = (ZONED, NAIVE) if zoned else (NAIVE, ZONED)
    zone, other_zone = (_ZONE, "") if zoned else ("", _ZONE)
    sound = in_usual_form(strings, form)
    suspects = np.flatnonzero(~sound)
    rest = strings.take(pa.array(suspects))
    cut = pc.replace_substring_regex(rest, _ZEROS_BEYOND_MICROSECONDS, r"\1")
    if not cut.equals(rest):
        # No usual form has more than six decimals.
        strings = pc.replace_substring_regex(strings, _ZEROS_BEYOND_MICROSECONDS, r"\1")
    other_form, too_fine = np.zeros((2, len(strings)), bool)
    known = in_usual_form(cut, other)
    existing = _existing(cut, ~known, f"{_DATE}[T ]{_TIME}{zone}")
    unknown = ~known & ~existing
    sound[suspects] = existing
    other_form[suspects] = known | _existing(cut, unknown, f"{_DATE}[T ]{_TIME}{other_zone}")
    too_fine[suspects] = _existing(cut, unknown, f"{_DATE}[T ]{_TOO_FINE}{zone}")
    return _Classified(strings, sound, other_form, too_fine)


def _existing(strings: Array, rows: Mask, pattern: str) -> Mask:
    """Which of these rows match the pattern and name an existing day."""
    existing = np.zeros(len(strings), bool)
    indices = np.flatnonzero(rows)
    if len(indices):
        chosen = strings.take(pa.array(indices))
        existing[indices] = ~_not_existing(chosen, pattern) & to_mask(chosen.is_valid())
    return existing


def _cast_timestamps(strings: Array, target: Array) -> Array | None:
    """The timestamps, or None if any value is invalid.

    Arrow is as strict, except that it accepts times without seconds or minutes: those are too
    short or lack one of the two colons.
    """
    values = cast_or_none(strings, target)
    if values is None:
        return None
    text = text_bytes(strings)
    rows = np.flatnonzero(to_mask(strings.is_valid()))
    if len(rows) and text.lengths[rows].min() < _MIN_LENGTH:
        return None
    colons = (text.at(rows, 13) == ord(":")) & (text.at(rows, 16) == ord(":"))
    return values if colons.all() else None


def _not_existing(strings: Array, pattern: str) -> Mask:
    """Rows that do not match the pattern or name a day that their month does not have."""
    wrong = not_matching(strings, pattern)
    text = text_bytes(strings)
    rows = np.flatnonzero(to_mask(strings.is_valid()) & ~wrong)
    year, month, day = (text.number(rows, *part) for part in ((0, 4), (5, 2), (8, 2)))
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    wrong[rows] = day > DAYS_OF_MONTH[month] + (leap & (month == 2))
    return wrong


def outside_years(values: Array, integer_type: Array, units_per_day: int) -> Mask:
    """Rows outside the years 1 to 9999, which PostgreSQL writes with BC or five digits."""
    units = values.view(integer_type)
    first, end = _FIRST_DAY * units_per_day, _END_DAY * units_per_day
    low, high = (bound.as_py() for bound in pc.min_max(units).values())
    if low is None or (low >= first and high < end):
        return np.zeros(len(values), bool)
    return to_mask(pc.or_(pc.less(units, first), pc.greater_equal(units, end)))
