"""Checks of dates and times in formats that the contract declares."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from waybill.columns import codes
from waybill.columns.check_result import (
    Array,
    CheckResult,
    Violation,
    null_where,
    to_mask,
    violations,
)
from waybill.columns.formats import MONTHS, ColumnFormat, Pattern
from waybill.columns.times import outside_years, timestamps
from waybill.columns.usual_times import DAYS_OF_MONTH
from waybill.columns.zones import to_utc
from waybill.contract.model import Column

Ints = NDArray[np.int64]
_DAY, _HOUR, _MINUTE, _SECOND = 86_400_000_000, 3_600_000_000, 60_000_000, 1_000_000
_INSTANT = pa.timestamp("us", "UTC")
_NOON = 12
_MONTH_NAMES = pa.array(MONTHS)
_MONTH_ABBREVIATIONS = pa.array([name[:3] for name in MONTHS])
# Python's time zones support the years 1 to 9999 only.
_FIRST_YEAR, _END_YEAR = -719_162 * _DAY, 2_932_897 * _DAY


def custom_times(strings: Array, column: Column, column_format: ColumnFormat) -> CheckResult:
    """Dates or times in the declared pattern; those without a zone are in the declared zone."""
    if column_format.pattern is None:
        return _iso_in_zone(strings, column, column_format)
    pattern = column_format.pattern
    times = parse_times(strings, pattern, column_format.pivot)
    code = codes.INVALID_DATE if column.kind == "date" else codes.INVALID_TIMESTAMP
    invalid = to_mask(strings.is_valid())
    invalid[times.rows] = False
    mismatch = Violation(code, f"expected {pattern.text}", invalid)
    if column.kind != "timestamptz" or "TZH" in pattern.parts:
        return _to_column(times, column, (mismatch,))
    if column_format.zone is None:
        without_zone = np.zeros(len(strings), bool)
        without_zone[times.rows] = True
        expected = "expected a time with a zone"
        violation = Violation(codes.TIMESTAMP_WITHOUT_ZONE, expected, without_zone)
        return _to_column(times._replace(rows=times.rows[:0]), column, (mismatch, violation))
    return _local_to_column(times, column, column_format, (mismatch,))


class _Times(NamedTuple):
    """Times of a column."""

    rows: Ints
    """Rows that have one."""
    micros: Ints
    """Of every row, microseconds since 1970; 0 where there is none."""


def parse_times(strings: Array, pattern: Pattern, pivot: int) -> _Times:
    """The times of the rows that match the pattern and name an existing day."""
    groups = pc.extract_regex(strings, pattern.regex)
    rows = np.flatnonzero(to_mask(groups.is_valid()))
    parts = _Parts(groups.take(pa.array(rows)), pattern, pivot)
    year, month, day = parts.year(), parts.month(), parts.first("DD", "D")
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    exists = day <= DAYS_OF_MONTH[month] + (leap & (month == 2))
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]").astype(np.int64) + day - 1
    micros = np.zeros(len(strings), np.int64)
    micros[rows] = days * _DAY + parts.time_of_day() - parts.offset()
    micros[rows[~exists]] = 0
    return _Times(rows[exists], micros)


class _Parts:
    """The parts of times as numbers."""

    def __init__(self, groups: Array, pattern: Pattern, pivot: int) -> None:
        self._groups = groups
        self._pattern = pattern
        self._pivot = pivot

    def _text(self, part: str) -> Array:
        return pc.struct_field(self._groups, part)

    def _number(self, part: str) -> Ints:
        if part not in self._pattern.parts:
            return np.zeros(len(self._groups), np.int64)
        number: Ints = pc.cast(self._text(part), pa.int64()).to_numpy()
        return number

    def first(self, *alternatives: str) -> Ints:
        """The number of the alternative that the pattern has, or 0."""
        total = self._number(alternatives[0])
        for part in alternatives[1:]:
            total = total + self._number(part)
        return total

    def year(self) -> Ints:
        if "YYYY" in self._pattern.parts:
            return self._number("YYYY")
        short = self._number("YY")
        return short + np.where(short < self._pivot, 2000, 1900)

    def month(self) -> Ints:
        for part, names in (("Month", _MONTH_NAMES), ("Mon", _MONTH_ABBREVIATIONS)):
            if part in self._pattern.parts:
                index: Ints = pc.index_in(pc.ascii_lower(self._text(part)), names).to_numpy()
                return index.astype(np.int64) + 1
        return self.first("MM", "M")

    def time_of_day(self) -> Ints:
        hour = self.first("HH24", "H24", "HH12", "H12")
        if "AM" in self._pattern.parts:
            is_pm = to_mask(pc.equal(pc.ascii_upper(self._text("AM")), "PM"))
            hour = hour % _NOON + np.where(is_pm, _NOON, 0)
        return (
            hour * _HOUR
            + self._number("MI") * _MINUTE
            + self._number("SS") * _SECOND
            + self._number("MS") * 1000
            + self._number("US")
            + self._number("NS") // 1000
        )

    def offset(self) -> Ints:
        if "TZH" not in self._pattern.parts:
            return np.zeros(len(self._groups), np.int64)
        hours = self._text("TZH")
        size: Ints = pc.cast(pc.utf8_slice_codeunits(hours, 1), pa.int64()).to_numpy()
        size = size * _HOUR + self._number("TZM") * _MINUTE
        return np.where(to_mask(pc.starts_with(hours, "-")), -size, size)


def _local_to_column(
    times: _Times, column: Column, column_format: ColumnFormat, found: Iterable[Violation]
) -> CheckResult:
    """Local times converted to UTC."""
    if column_format.zone is None:
        raise AssertionError("local times without a zone")
    rows, micros = times.rows, times.micros
    outside, nonexistent, ambiguous = np.zeros((3, len(micros)), bool)
    in_range = (micros[rows] >= _FIRST_YEAR) & (micros[rows] < _END_YEAR)
    outside[rows[~in_range]] = True
    rows = rows[in_range]
    micros[rows], nonexistent[rows], ambiguous[rows] = to_utc(micros[rows], column_format.zone)
    zone = column_format.zone.key
    return _to_column(
        _Times(rows[~(nonexistent[rows] | ambiguous[rows])], micros),
        column,
        (
            *found,
            Violation(codes.OUT_OF_RANGE, "expected a year from 0001 to 9999", outside),
            Violation(
                codes.NONEXISTENT_TIME, f"expected a time that exists in {zone}", nonexistent
            ),
            Violation(
                codes.AMBIGUOUS_TIME, f"expected a time that occurs once in {zone}", ambiguous
            ),
        ),
    )


def _to_column(times: _Times, column: Column, found: Iterable[Violation]) -> CheckResult:
    """The column's values: null in all rows without a time."""
    missing = np.ones(len(times.micros), bool)
    missing[times.rows] = False
    if column.kind == "date":
        days = (times.micros // _DAY).astype(np.int32)
        values = pa.array(days, mask=missing).view(pa.date32())
        outside = outside_years(values, pa.int32(), 1)
    else:
        kind = _INSTANT if column.kind == "timestamptz" else pa.timestamp("us")
        values = pa.array(times.micros, mask=missing).view(kind)
        outside = outside_years(values, pa.int64(), _DAY)
    years = Violation(codes.OUT_OF_RANGE, "expected a year from 0001 to 9999 in UTC", outside)
    return CheckResult(null_where(outside, values), violations(*found, years))


def _iso_in_zone(strings: Array, column: Column, column_format: ColumnFormat) -> CheckResult:
    """Times in ISO 8601; those without a zone are in the declared zone."""
    values, found = timestamps(strings, column)
    without_zone = [v for v in found if v.code == codes.TIMESTAMP_WITHOUT_ZONE]
    if not without_zone:
        return CheckResult(values, found)
    others = [v for v in found if v.code != codes.TIMESTAMP_WITHOUT_ZONE]
    rows = np.flatnonzero(without_zone[0].rows)
    naive = column.model_copy(update={"kind": "timestamp", "stage": "timestamp"})
    local = timestamps(strings.take(pa.array(rows)), naive)
    micros = np.zeros(len(strings), np.int64)
    micros[rows] = local.values.view(pa.int64()).fill_null(0).to_numpy()
    valid = rows[to_mask(local.values.is_valid())]
    outside = np.zeros(len(strings), bool)
    outside[np.setdiff1d(rows, valid)] = True
    years = Violation(codes.OUT_OF_RANGE, "expected a year from 0001 to 9999", outside)
    result = _local_to_column(_Times(valid, micros), column, column_format, (*others, years))
    return CheckResult(pc.coalesce(values, result.values), result.violations)
