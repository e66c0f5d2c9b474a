"""Checks of booleans, UUIDs and text."""

import pyarrow as pa
import pyarrow.compute as pc

from waybill.columns import codes
from waybill.columns.check_result import (
    Array,
    CheckResult,
    Violation,
    not_matching,
    null_where,
    to_mask,
    violations,
)
from waybill.columns.text_bytes import text_bytes
from waybill.contract.model import Column

_BOOLEANS = pa.array(["true", "t", "1", "false", "f", "0"])
_FIRST_FALSE = 3
_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"


def booleans(strings: Array, _column: Column) -> CheckResult:
    """True, false, t, f, 1 or 0 in any case; yes, no, on and off must be declared."""
    index = pc.index_in(pc.ascii_lower(strings), _BOOLEANS)
    invalid = to_mask(pc.and_(index.is_null(), strings.is_valid()))
    return CheckResult(
        pc.less(index, _FIRST_FALSE),
        violations(Violation(codes.INVALID_BOOLEAN, "expected true or false", invalid)),
    )


def uuids(strings: Array, _column: Column) -> CheckResult:
    """The canonical form in either case; staged as text and cast by the database."""
    invalid = not_matching(strings, _UUID)
    return CheckResult(
        null_where(invalid, strings),
        violations(Violation(codes.INVALID_UUID, "expected a UUID", invalid)),
    )


def texts(strings: Array, column: Column) -> CheckResult:
    """Any text up to the column's length in characters, unchanged."""
    limit = column.max_length
    # A text has at most as many characters as bytes, and the byte lengths are at hand.
    if limit is None or not len(strings) or text_bytes(strings).lengths.max() <= limit:
        return CheckResult(strings)
    too_long = to_mask(pc.greater(pc.utf8_length(strings), limit))
    expected = f"expected at most {limit} characters"
    return CheckResult(
        null_where(too_long, strings), violations(Violation(codes.TOO_LONG, expected, too_long))
    )


def unchecked(strings: Array, _column: Column) -> CheckResult:
    """A type without a check here: the database casts it and rejects invalid values."""
    return CheckResult(strings)
