"""Checks of everything that is written in words: booleans, UUIDs, text."""

import pyarrow as pa
import pyarrow.compute as pc

from waybill.columns import codes
from waybill.columns.check_result import (
    Array,
    CheckResult,
    Failure,
    failures,
    mask_of,
    refused,
    without,
)
from waybill.columns.text_bytes import text_bytes
from waybill.contract.model import Column

_BOOLEANS = pa.array(["true", "t", "1", "false", "f", "0"])
_FIRST_FALSE = 3
_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"


def booleans(strings: Array, _column: Column) -> CheckResult:
    """True, false, t, f, 1 or 0 in any case; yes, no, on and off are not guessed at."""
    found = pc.index_in(pc.ascii_lower(strings), _BOOLEANS)
    invalid = mask_of(pc.and_(found.is_null(), strings.is_valid()))
    expected = "expected true or false"
    return CheckResult(
        pc.less(found, _FIRST_FALSE),
        failures(Failure(codes.INVALID_BOOLEAN, expected, invalid)),
    )


def uuids(strings: Array, _column: Column) -> CheckResult:
    """The canonical form, in either case; stays text, for the database to cast."""
    invalid = refused(strings, _UUID)
    return CheckResult(
        without(strings, invalid),
        failures(Failure(codes.INVALID_UUID, "expected a UUID", invalid)),
    )


def texts(strings: Array, column: Column) -> CheckResult:
    """Any text, up to the column's length in characters; kept exactly."""
    most = column.max_length
    # Bytes first: they are at hand, and no character has less than one.
    if most is None or not len(strings) or text_bytes(strings).lengths.max() <= most:
        return CheckResult(strings)
    long = mask_of(pc.greater(pc.utf8_length(strings), most))
    expected = f"expected at most {most} characters"
    return CheckResult(without(strings, long), failures(Failure(codes.TOO_LONG, expected, long)))


def anything(strings: Array, _column: Column) -> CheckResult:
    """A type that has no check here: the database casts it and refuses what it cannot."""
    return CheckResult(strings)
