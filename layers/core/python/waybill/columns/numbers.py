"""Checks of integers, decimals and floats."""

from typing import NamedTuple, Self

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
from waybill.contract.model import Column

_BITS = {"int2": 16, "int4": 32, "int8": 64}
_INTEGER_TYPES = {"int2": pa.int16(), "int4": pa.int32(), "int8": pa.int64()}
_FLOAT_TYPES = {"float4": pa.float32(), "float8": pa.float64()}
_DECIMAL = r"-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
_EXPONENT = r"(?:[eE][+-]?[0-9]+)?"
# The limits of an unconstrained numeric in PostgreSQL, before and after the decimal point.
_MAX_INTEGER_DIGITS, _MAX_DECIMALS = 131_072, 16_383
MAX_EXPONENT = 1000
"""Of a numeric, so that a few bytes do not become megabytes of digits."""
_EXPONENT_DIGITS = len(str(MAX_EXPONENT))
# The positions of single bytes in a text take eight times its size.
_MAX_SEARCHED = 4 * 1024 * 1024
# Every integer with this many digits fits into 64 bits.
_SAFE_DIGITS = 18


def integers(strings: Array, column: Column) -> CheckResult:
    """`-?[0-9]+` within the type's range; leading zeros are allowed, a plus sign is not."""
    limit = 2 ** (_BITS[column.stage] - 1)
    wide = _cast_int64(strings)
    if wide is not None:
        invalid = out_of_range = np.zeros(len(strings), bool)
    else:
        invalid = _not_integer(strings)
        strings = null_where(invalid, strings)
        out_of_range = _exceeds_int64(strings)
        wide = pc.cast(null_where(out_of_range, strings), pa.int64())
    if column.stage != "int8" and len(wide):
        low, high = pc.min_max(wide).values()
        if high.is_valid and (low.as_py() < -limit or high.as_py() >= limit):
            numbers = wide.fill_null(0).to_numpy()
            out_of_range = out_of_range | (numbers < -limit) | (numbers >= limit)
    expected_range = f"expected a whole number from {-limit} to {limit - 1}"
    return CheckResult(
        pc.cast(null_where(out_of_range, wide), _INTEGER_TYPES[column.stage]),
        violations(
            Violation(codes.INVALID_INTEGER, "expected a whole number", invalid),
            Violation(codes.OUT_OF_RANGE, expected_range, out_of_range),
        ),
    )


def _cast_int64(strings: Array) -> Array | None:
    """The integers, or None if any value is invalid."""
    octets = text_bytes(strings).octets
    # Arrow reads `0x10` as 16; otherwise its rules are those of `integers`.
    if ((octets | 0x20) == ord("x")).any():
        return None
    return cast_or_none(strings, pa.int64())


def _not_integer(strings: Array) -> Mask:
    """Rows that are not `-?[0-9]+`. Only rows with a byte other than a digit are matched."""
    invalid = np.zeros(len(strings), bool)
    text = text_bytes(strings)
    if len(text.octets) > _MAX_SEARCHED:
        return not_matching(strings, "-?[0-9]+")
    other = np.flatnonzero((text.octets - np.uint8(ord("0"))) > 9)
    owners = np.unique(np.searchsorted(text.starts, other, "right") - 1)
    # Empty values contain no such byte either.
    rows = np.union1d(owners[owners >= 0], np.flatnonzero(text.lengths == 0))
    invalid[rows] = not_matching(strings.take(pa.array(rows)), "-?[0-9]+")
    return invalid


def _exceeds_int64(strings: Array) -> Mask:
    exceeds = np.zeros(len(strings), bool)
    for row in np.flatnonzero(text_bytes(strings).lengths > _SAFE_DIGITS).tolist():
        text = strings[row].as_py()
        if text is not None:
            digits = text.lstrip("-").lstrip("0") or "0"
            sign = -1 if text.startswith("-") else 1
            # Check the length first: Python refuses to convert thousands of digits.
            exceeds[row] = len(digits) > 19 or not -(2**63) <= sign * int(digits) < 2**63
    return exceeds


class _Limits(NamedTuple):
    """The digits that a numeric column can hold."""

    integer_digits: int
    """Before the decimal point; negative if the scale exceeds the precision."""
    decimals: int
    """After the decimal point; negative for a scale that rounds before it."""
    stores_zeros: bool
    """Whether trailing zeros count as decimals, as in a numeric without a scale."""

    @classmethod
    def of(cls, column: Column) -> Self:
        if column.precision is None:
            return cls(_MAX_INTEGER_DIGITS, _MAX_DECIMALS, stores_zeros=True)
        scale = column.scale or 0
        return cls(column.precision - scale, scale, stores_zeros=False)

    def error(self, text: str) -> str | None:
        """The code of what is wrong with a decimal number, or None.

        Works on the digits as text, since a number may have millions of them.
        """
        mantissa, _, exponent = text.lstrip("-").lower().partition("e")
        if len(exponent.lstrip("+-0")) > _EXPONENT_DIGITS or abs(int(exponent or 0)) > MAX_EXPONENT:
            return codes.OUT_OF_RANGE
        integer, _, fraction = mantissa.partition(".")
        digits = integer + fraction
        point = len(integer) + int(exponent or 0)
        significant = digits.lstrip("0")
        if not significant:
            return None
        written = len(digits if self.stores_zeros else digits.rstrip("0"))
        if written - point > self.decimals:
            return codes.TOO_MANY_DECIMALS if self.decimals >= 0 else codes.OUT_OF_RANGE
        leading_zeros = len(digits) - len(significant)
        return codes.OUT_OF_RANGE if point - leading_zeros > self.integer_digits else None


def decimals(strings: Array, column: Column) -> CheckResult:
    """A decimal number, with or without exponent, that the column holds without rounding.

    Staged as text and cast by the database.
    """
    invalid = not_matching(strings, _DECIMAL + _EXPONENT)
    strings = null_where(invalid, strings)
    limits = _Limits.of(column)
    too_many, out_of_range = np.zeros((2, len(strings)), bool)
    for row in np.flatnonzero(_may_exceed(strings, limits)).tolist():
        text = strings[row].as_py()
        error = None if text is None else limits.error(text)
        too_many[row] = error == codes.TOO_MANY_DECIMALS
        out_of_range[row] = error == codes.OUT_OF_RANGE
    kind = column.type if column.precision is not None else "a numeric"
    most = max(limits.decimals, 0)
    return CheckResult(
        null_where(too_many | out_of_range, strings),
        violations(
            Violation(codes.INVALID_NUMBER, "expected a decimal number", invalid),
            Violation(codes.TOO_MANY_DECIMALS, f"expected at most {most} decimals", too_many),
            Violation(codes.OUT_OF_RANGE, f"expected a number that {kind} can hold", out_of_range),
        ),
    )


def _may_exceed(strings: Array, limits: _Limits) -> Mask:
    """Rows whose length alone does not show that the column can hold them."""
    text = text_bytes(strings)
    points = pc.find_substring(strings, ".").fill_null(-1).to_numpy()
    decimal_count = np.where(points >= 0, text.lengths - points - 1, 0)
    integer_digits = np.where(points >= 0, points, text.lengths)
    suspects: Mask = decimal_count > limits.decimals
    suspects |= integer_digits > limits.integer_digits
    if ((text.octets | 0x20) == ord("e")).any():
        suspects |= to_mask(pc.match_substring_regex(strings, "[eE]"))
    return suspects


def floats(strings: Array, column: Column) -> CheckResult:
    """A number with or without exponent that neither overflows nor underflows to zero."""
    invalid = not_matching(strings, _DECIMAL + _EXPONENT)
    strings = null_where(invalid, strings)
    values = pc.cast(strings, _FLOAT_TYPES[column.stage])
    numbers = values.fill_null(1).to_numpy()
    out_of_range = np.isinf(numbers)
    zeros = np.flatnonzero(numbers == 0)
    if len(zeros):
        underflow = pc.match_substring_regex(strings.take(pa.array(zeros)), r"\A[^eE]*[1-9]")
        out_of_range[zeros] = underflow.to_numpy(zero_copy_only=False)
    expected = "expected a number within the range of " + column.kind
    return CheckResult(
        null_where(out_of_range, values),
        violations(
            Violation(codes.INVALID_NUMBER, "expected a number", invalid),
            Violation(codes.OUT_OF_RANGE, expected, out_of_range),
        ),
    )
