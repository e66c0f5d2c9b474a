"""Checks of values that the contract has written otherwise than is the default.

Numbers are rewritten to the default and checked as such; dates and times are read where their
parts stand, a whole column at a time.
"""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from waybill.columns import codes
from waybill.columns.check_result import (
    Array,
    CheckResult,
    Failure,
    Mask,
    failures,
    mask_of,
    refused,
    without,
)
from waybill.columns.formats import Pattern, Written
from waybill.columns.text_bytes import text_bytes
from waybill.columns.times import DAYS_OF_MONTH, outside_years, timestamps
from waybill.columns.zones import utc_of
from waybill.contract.model import Column

Check = Callable[[Array, Column], CheckResult]
_TRUE, _FALSE = ("true", "t", "1"), ("false", "f", "0")
_DAY, _HOUR, _MINUTE, _SECOND = 86_400_000_000, 3_600_000_000, 60_000_000, 1_000_000
_INSTANT = pa.timestamp("us", "UTC")
_PIVOT = 70


def numbers(strings: Array, column: Column, written: Written, check: Check) -> CheckResult:
    """Numbers with a decimal mark or groups of three digits; checked by `check` as plain ones."""
    decimal, mark = (_escaped(char) for char in (written.decimal, written.thousands))
    whole = f"(?:[0-9]{{1,3}}(?:{mark}[0-9]{{3}})+|[0-9]+)" if mark else "[0-9]+"
    number = rf"-?(?:{whole}(?:{decimal}[0-9]*)?|{decimal}[0-9]+)(?:[eE][+-]?[0-9]+)?"
    invalid = refused(strings, number)
    plain = without(strings, invalid)
    if mark:
        plain = pc.replace_substring(plain, written.thousands, "")
    if written.decimal != ".":
        plain = pc.replace_substring(plain, written.decimal, ".")
    values, found = check(plain, column)
    is_whole = column.stage.startswith("int")
    code = codes.INVALID_INTEGER if is_whole else codes.INVALID_NUMBER
    example = f"1{written.thousands}234" + ("" if is_whole else f"{written.decimal}5")
    refusal = Failure(code, f"expected a number such as {example}", invalid)
    return CheckResult(values, (*failures(refusal), *found))


def booleans(strings: Array, _column: Column, written: Written) -> CheckResult:
    """Words of the contract in any case; the default ones for the side that has none."""
    true = tuple(word.lower() for word in written.true_words) or _TRUE
    false = tuple(word.lower() for word in written.false_words) or _FALSE
    found = pc.index_in(pc.utf8_lower(strings), pa.array([*true, *false], pa.string()))
    invalid = mask_of(pc.and_(found.is_null(), strings.is_valid()))
    expected = f"expected {true[0]} or {false[0]}"
    return CheckResult(
        pc.less(found, len(true)), failures(Failure(codes.INVALID_BOOLEAN, expected, invalid))
    )


def moments(strings: Array, column: Column, written: Written) -> CheckResult:
    """Dates or times of a pattern, times without a zone in that of the contract."""
    if written.pattern is None:
        return _in_zone(strings, column, written)
    invalid = _unreal(strings, written.pattern)
    rows = np.flatnonzero(mask_of(strings.is_valid()) & ~invalid)
    micros = np.zeros(len(strings), np.int64)
    micros[rows] = _micros(strings, rows, written.pattern)
    is_date = column.kind == "date"
    code = codes.INVALID_DATE if is_date else codes.INVALID_TIMESTAMP
    refusal = Failure(code, f"expected {written.pattern.text}", invalid)
    if column.kind != "timestamptz" or "TZH" in written.pattern.places:
        return _moment(micros, rows, column, (refusal,))
    if written.zone is None:
        naive = np.zeros(len(strings), bool)
        naive[rows] = True
        lacking = Failure(codes.TIMESTAMP_WITHOUT_ZONE, "expected a time with its zone", naive)
        return _moment(micros, rows[:0], column, (refusal, lacking))
    return _local(micros, rows, column, written, refusal)


def _local(
    micros: NDArray[np.int64],
    rows: NDArray[np.int64],
    column: Column,
    written: Written,
    *found: Failure,
) -> CheckResult:
    """Local times on these rows, as instants."""
    if written.zone is None:
        raise AssertionError("local times without a zone")
    skipped, twice = np.zeros((2, len(micros)), bool)
    micros[rows], skipped[rows], twice[rows] = utc_of(micros[rows], written.zone)
    place = f"in {written.zone.key}"
    return _moment(
        micros,
        rows[~(skipped[rows] | twice[rows])],
        column,
        (
            *found,
            Failure(codes.NONEXISTENT_TIME, f"expected a time that there was {place}", skipped),
            Failure(codes.AMBIGUOUS_TIME, f"expected a time that there was once {place}", twice),
        ),
    )


def _moment(
    micros: NDArray[np.int64],
    rows: NDArray[np.int64],
    column: Column,
    found: tuple[Failure, ...],
) -> CheckResult:
    """The values on these rows, null on all others."""
    empty = np.ones(len(micros), bool)
    empty[rows] = False
    if column.kind == "date":
        values = pa.array((micros // _DAY).astype(np.int32), mask=empty).view(pa.date32())
        outside = outside_years(values, pa.int32(), 1)
    else:
        kind = _INSTANT if column.kind == "timestamptz" else pa.timestamp("us")
        values = pa.array(micros, mask=empty).view(kind)
        outside = outside_years(values, pa.int64(), _DAY)
    years = Failure(codes.OUT_OF_RANGE, "expected a year from 0001 to 9999 in UTC", outside)
    return CheckResult(without(values, outside), failures(*found, years))


def _unreal(strings: Array, pattern: Pattern) -> Mask:
    """Rows that are not of the pattern, or name a day that their month does not have."""
    wrong = refused(strings, pattern.shape)
    rows = np.flatnonzero(mask_of(strings.is_valid()) & ~wrong)
    year, month, day = _date(strings, rows, pattern)
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    wrong[rows] = day > DAYS_OF_MONTH[month] + (leap & (month == 2))
    return wrong


def _date(
    strings: Array, rows: NDArray[np.int64], pattern: Pattern
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    text, places = text_bytes(strings), pattern.places
    if "YYYY" in places:
        year = text.number(rows, *places["YYYY"])
    else:
        short = text.number(rows, *places["YY"])
        year = short + np.where(short < _PIVOT, 2000, 1900)
    return year, text.number(rows, *places["MM"]), text.number(rows, *places["DD"])


def _micros(strings: Array, rows: NDArray[np.int64], pattern: Pattern) -> NDArray[np.int64]:
    """Microseconds since 1970, an offset taken off."""
    year, month, day = _date(strings, rows, pattern)
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    total = (months.astype("datetime64[D]").astype(np.int64) + day - 1) * _DAY
    text, places = text_bytes(strings), pattern.places
    units = {"HH24": _HOUR, "MI": _MINUTE, "SS": _SECOND, "MS": 1000, "US": 1}
    for part, unit in units.items():
        if part in places:
            total += text.number(rows, *places[part]) * unit
    if "TZH" in places:
        begin, _ = places["TZH"]
        offset = text.number(rows, begin + 1, 2) * _HOUR
        if "TZM" in places:
            offset += text.number(rows, *places["TZM"]) * _MINUTE
        total -= np.where(text.at(rows, begin) == ord("-"), -offset, offset)
    return total


def _in_zone(strings: Array, column: Column, written: Written) -> CheckResult:
    """Times in ISO 8601; those without a zone are of the contract's."""
    values, found = timestamps(strings, column)
    lacking = [one for one in found if one.code == codes.TIMESTAMP_WITHOUT_ZONE]
    if not lacking:
        return CheckResult(values, found)
    kept = tuple(one for one in found if one.code != codes.TIMESTAMP_WITHOUT_ZONE)
    rows = np.flatnonzero(lacking[0].rows)
    naive = column.model_copy(update={"kind": "timestamp", "stage": "timestamp"})
    local = timestamps(strings.take(pa.array(rows)), naive)
    micros = np.zeros(len(strings), np.int64)
    micros[rows] = local.values.view(pa.int64()).fill_null(0).to_numpy()
    valid = rows[mask_of(local.values.is_valid())]
    outside = np.zeros(len(strings), bool)
    outside[np.setdiff1d(rows, valid)] = True
    years = Failure(codes.OUT_OF_RANGE, "expected a year from 0001 to 9999", outside)
    here = _local(micros, valid, column, written, *kept, years)
    return CheckResult(pc.coalesce(values, here.values), here.failures)


def _escaped(char: str) -> str:
    return f"[{char}]" if char else ""
