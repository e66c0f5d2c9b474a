"""Checks of numbers: whole, decimal, floating."""

from decimal import Decimal

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
    refused,
    without,
)
from waybill.columns.text_bytes import text_bytes
from waybill.contract.model import Column

_BITS = {"int2": 16, "int4": 32, "int8": 64}
_WHOLE = {"int2": pa.int16(), "int4": pa.int32(), "int8": pa.int64()}
_FLOATING = {"float4": pa.float32(), "float8": pa.float64()}
_DECIMAL = r"-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
_EXPONENT = r"(?:[eE][+-]?[0-9]+)?"
# What an unconstrained numeric of PostgreSQL holds before and after the point.
_MOST_DIGITS, _MOST_DECIMALS = 131_072, 16_383
_SURE_DIGITS = 18


def whole_numbers(strings: Array, column: Column) -> CheckResult:
    """`-?[0-9]+` within the type's range; leading zeros are fine, a plus sign is not."""
    top = 2 ** (_BITS[column.stage] - 1)
    wide = _all_wide(strings)
    if wide is not None:
        invalid = outside = np.zeros(len(strings), bool)
    else:
        invalid = _not_whole(strings)
        strings = without(strings, invalid)
        outside = _wider_than_64(strings)
        wide = pc.cast(without(strings, outside), pa.int64())
    if column.stage != "int8" and len(wide):
        low, high = pc.min_max(wide).values()
        if high.is_valid and (low.as_py() < -top or high.as_py() >= top):
            numbers = wide.fill_null(0).to_numpy()
            outside = outside | (numbers < -top) | (numbers >= top)
    return CheckResult(
        pc.cast(without(wide, outside), _WHOLE[column.stage]),
        failures(
            Failure(codes.INVALID_INTEGER, "expected a whole number", invalid),
            Failure(
                codes.OUT_OF_RANGE, f"expected a whole number from {-top} to {top - 1}", outside
            ),
        ),
    )


def _all_wide(strings: Array) -> Array | None:
    """The numbers, if all are good; else None."""
    octets = text_bytes(strings).octets
    # Arrow takes `0x10` for sixteen; apart from that it is as strict as we are.
    if ((octets | 0x20) == ord("x")).any():
        return None
    return cast_if_all_good(strings, pa.int64())


def _not_whole(strings: Array) -> Mask:
    """Rows that are not `-?[0-9]+`; only those that hold another byte are looked at closely."""
    invalid = np.zeros(len(strings), bool)
    text = text_bytes(strings)
    odd = np.flatnonzero((text.octets - np.uint8(ord("0"))) > 9)
    owners = np.unique(np.searchsorted(text.starts, odd, "right") - 1)
    # A value without a byte holds no other one.
    rows = np.union1d(owners[owners >= 0], np.flatnonzero(text.lengths == 0))
    invalid[rows] = refused(strings.take(pa.array(rows)), "-?[0-9]+")
    return invalid


def _wider_than_64(strings: Array) -> Mask:
    outside = np.zeros(len(strings), bool)
    for row in np.flatnonzero(text_bytes(strings).lengths > _SURE_DIGITS).tolist():
        text = strings[row].as_py()
        if text is not None:
            digits = text.lstrip("-").lstrip("0") or "0"
            sign = -1 if text.startswith("-") else 1
            # The length first: Python refuses to read thousands of digits.
            outside[row] = len(digits) > 19 or not -(2**63) <= sign * int(digits) < 2**63
    return outside


def decimals(strings: Array, column: Column) -> CheckResult:
    """A plain decimal number within precision and scale; stays text, for the database to cast."""
    invalid = refused(strings, _DECIMAL)
    strings = without(strings, invalid)
    lengths = text_bytes(strings).lengths
    points = pc.find_substring(strings, ".").fill_null(-1).to_numpy()
    after = np.where(points >= 0, lengths - points - 1, 0)
    scale = column.scale if column.precision is not None and column.scale is not None else 0
    most = _MOST_DIGITS if column.precision is None else column.precision - scale
    places = _MOST_DECIMALS if column.precision is None else max(scale, 0)
    fine = after > places
    outside = np.zeros(len(strings), bool)
    before = np.where(points >= 0, points, lengths)
    # A negative scale rounds what is left of the point, so every value has to be looked at.
    for row in np.flatnonzero((before > (most if scale >= 0 else 0)) & ~fine).tolist():
        text = strings[row].as_py()
        outside[row] = text is not None and not _fits(text, most, scale)
    kind = column.type if column.precision is not None else "a numeric"
    return CheckResult(
        without(strings, fine | outside),
        failures(
            Failure(codes.INVALID_NUMBER, "expected a decimal number", invalid),
            Failure(codes.TOO_MANY_DECIMALS, f"expected at most {places} decimals", fine),
            Failure(codes.OUT_OF_RANGE, f"expected a number that {kind} can hold", outside),
        ),
    )


def _fits(text: str, most: int, scale: int) -> bool:
    """Whether a number has at most `most` digits before the point and none that scale drops."""
    number = Decimal(text)
    if not number:
        return True
    return number.adjusted() < most and (scale >= 0 or not int(number) % 10**-scale)


def floats(strings: Array, column: Column) -> CheckResult:
    """A decimal number with or without exponent; neither infinite nor lost as zero."""
    invalid = refused(strings, _DECIMAL + _EXPONENT)
    strings = without(strings, invalid)
    values = pc.cast(strings, _FLOATING[column.stage])
    numbers = values.fill_null(1).to_numpy()
    outside = np.isinf(numbers)
    zeros = np.flatnonzero(numbers == 0)
    if len(zeros):
        lost = pc.match_substring_regex(strings.take(pa.array(zeros)), r"\A[^eE]*[1-9]")
        outside[zeros] = lost.to_numpy(zero_copy_only=False)
    expected = "expected a number within the range of " + column.kind
    return CheckResult(
        without(values, outside),
        failures(
            Failure(codes.INVALID_NUMBER, "expected a number", invalid),
            Failure(codes.OUT_OF_RANGE, expected, outside),
        ),
    )
