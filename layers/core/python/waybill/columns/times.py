"""Checks of dates and times: real ones only, in ISO 8601.

Without a format in the contract these are taken, and nothing else:

==================  ===============================  ============================================
column              written                          for example
==================  ===============================  ============================================
``date``            ``YYYY-MM-DD``                   ``2021-07-27``
``timestamp``       date, ``T`` or a blank, time     ``2021-07-27T16:02:08``
                    ``HH:MM:SS``                     ``2021-07-27 16:02:08``
                    up to six decimals of a second   ``2021-07-27T16:02:08.5``
``timestamptz``     the same, and ``Z``              ``2021-07-27T16:02:08Z``
                    or an offset ``±HH``             ``2021-07-27T18:02:08+02``
                    ``±HHMM``                        ``2021-07-27T18:02:08+0200``
                    ``±HH:MM``                       ``2021-07-27T18:02:08+02:00``
==================  ===============================  ============================================

Years are 0001 to 9999 (in UTC). What PostgreSQL would guess at is refused: a date for a time,
``now``, ``infinity``, ``24:00:00``, a leap second, a week or day of the year, a name of a month
or zone, digits left out.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from waybill.columns import codes
from waybill.columns.check_result import (
    Array,
    CheckResult,
    Failure,
    Mask,
    cast_if_all_good,
    failures,
    mask_of,
    refused,
    without,
)
from waybill.columns.text_bytes import text_bytes
from waybill.contract.model import Column

_DATE = r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?"
_ZONE = r"(?:Z|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?)"
DAYS_OF_MONTH = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
_SHORTEST = len("2021-07-27T16:02:08")
_NAIVE, _INSTANT = pa.timestamp("us"), pa.timestamp("us", "UTC")
# Microseconds and days of 0001-01-01 and, exclusive, 10000-01-01, from 1970.
_DAYS_FROM, _DAYS_TO = -719_162, 2_932_897
_DAY = 86_400_000_000


def dates(strings: Array, _column: Column) -> CheckResult:
    """`YYYY-MM-DD`, from 0001-01-01 to 9999-12-31."""
    values = cast_if_all_good(strings, pa.date32())
    invalid = np.zeros(len(strings), bool)
    if values is None:
        invalid = _unreal(strings, _DATE)
        values = pc.cast(without(strings, invalid), pa.date32())
    outside = outside_years(values, pa.int32(), 1)
    return CheckResult(
        without(values, outside),
        failures(
            Failure(codes.INVALID_DATE, "expected a date as YYYY-MM-DD", invalid),
            Failure(codes.OUT_OF_RANGE, "expected a year from 0001 to 9999", outside),
        ),
    )


def timestamps(strings: Array, column: Column) -> CheckResult:
    """`YYYY-MM-DD[T ]HH:MM:SS[.ffffff]`, with a zone exactly where the column is an instant."""
    zoned = column.stage == "timestamptz"
    goal = _INSTANT if zoned else _NAIVE
    values = _all_times(strings, goal)
    invalid = other = np.zeros(len(strings), bool)
    if values is None:
        moment = f"{_DATE}[T ]{_TIME}"
        wanted, unwanted = (moment + _ZONE, moment) if zoned else (moment, moment + _ZONE)
        wrong = _unreal(strings, wanted)
        values = pc.cast(without(strings, wrong), goal)
        other = _alike(strings, wrong, unwanted)
        invalid = wrong & ~other
    outside = outside_years(values, pa.int64(), _DAY)
    code = codes.TIMESTAMP_WITHOUT_ZONE if zoned else codes.TIMESTAMP_WITH_ZONE
    wanted = "a time with its zone, as Z or an offset" if zoned else "a time without a zone"
    example = "2021-07-27T16:02:08Z" if zoned else "2021-07-27T16:02:08"
    return CheckResult(
        without(values, outside),
        failures(
            Failure(codes.INVALID_TIMESTAMP, f"expected a time such as {example}", invalid),
            Failure(code, f"expected {wanted}", other),
            Failure(codes.OUT_OF_RANGE, "expected a year from 0001 to 9999 in UTC", outside),
        ),
    )


def _alike(strings: Array, rows: Mask, pattern: str) -> Mask:
    """Which of these rows are a real time of another form."""
    alike = np.zeros(len(strings), bool)
    indices = np.flatnonzero(rows)
    if len(indices):
        alike[indices] = ~_unreal(strings.take(pa.array(indices)), pattern)
    return alike


def _all_times(strings: Array, goal: Array) -> Array | None:
    """The times, if all are good; else None.

    Arrow takes nothing that we refuse but times without seconds or minutes: those lack one of
    the two colons, or are too short.
    """
    values = cast_if_all_good(strings, goal)
    if values is None:
        return None
    text = text_bytes(strings)
    rows = np.flatnonzero(mask_of(strings.is_valid()))
    if len(rows) and text.lengths[rows].min() < _SHORTEST:
        return None
    colons = (text.at(rows, 13) == ord(":")) & (text.at(rows, 16) == ord(":"))
    return values if colons.all() else None


def _unreal(strings: Array, pattern: str) -> Mask:
    """Rows that are not of this form, or name a day that their month does not have."""
    wrong = refused(strings, pattern)
    text = text_bytes(strings)
    rows = np.flatnonzero(mask_of(strings.is_valid()) & ~wrong)
    year, month, day = (text.number(rows, *place) for place in ((0, 4), (5, 2), (8, 2)))
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    wrong[rows] = day > DAYS_OF_MONTH[month] + (leap & (month == 2))
    return wrong


def outside_years(values: Array, width: Array, unit: int) -> Mask:
    """Rows outside the years 1 to 9999, which PostgreSQL would write with BC or five digits."""
    units = values.view(width)
    low, high = (bound.as_py() for bound in pc.min_max(units).values())
    if low is None or (low >= _DAYS_FROM * unit and high < _DAYS_TO * unit):
        return np.zeros(len(values), bool)
    return mask_of(
        pc.or_(pc.less(units, _DAYS_FROM * unit), pc.greater_equal(units, _DAYS_TO * unit))
    )
