"""Checks of times of day and intervals: what PostgreSQL would guess is refused.

==============  ==================================================  ============================
column          format                                              example
==============  ==================================================  ============================
``time``        ``HH:MM`` or ``HH:MM:SS``, up to six decimals,      ``16:02:08``, ``4:02 PM``
                with or without AM or PM
``timetz``      the same, followed by ``Z`` or an offset            ``16:02:08+02:00``
``interval``    with a unit or a colon; hours may exceed 24         ``25:10:00``, ``1 day``
==============  ==================================================  ============================

The values are staged as text; the database checks their ranges.
"""

from waybill.columns import codes
from waybill.columns.check_result import (
    Array,
    CheckResult,
    Violation,
    not_matching,
    null_where,
    violations,
)
from waybill.contract.model import Column

_TIME = r"[ \t]*[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6}0*)?)?(?: ?[AaPp][Mm])?"
_ZONE = r" ?(?:[Zz]|[+-][0-9]{2}(?::?[0-9]{2}(?::[0-9]{2})?)?)"
_NUMBER = r"[ \t]*[+-]?[0-9]*\.?[0-9]*[ \t]*"
_TOO_FINE = r".*\.[0-9]{6}[0-9]*[1-9].*"


def clock_times(strings: Array, column: Column) -> CheckResult:
    """Times of day, with an offset if and only if the column is timetz."""
    zoned = column.kind == "timetz"
    invalid = not_matching(strings, _TIME + (_ZONE if zoned else ""))
    expected = "expected a time such as " + ("16:02:08+02:00" if zoned else "16:02:08")
    return CheckResult(
        null_where(invalid, strings), violations(Violation(codes.INVALID_TIME, expected, invalid))
    )


def intervals(strings: Array, _column: Column) -> CheckResult:
    """Anything that PostgreSQL takes, but a number without a unit or decimals that it rounds."""
    unitless = ~not_matching(strings, _NUMBER)
    too_fine = ~not_matching(strings, _TOO_FINE) & ~unitless
    # Null rows match no pattern, and are not invalid.
    present = strings.is_valid().to_numpy(zero_copy_only=False)
    unitless, too_fine = unitless & present, too_fine & present
    return CheckResult(
        null_where(unitless | too_fine, strings),
        violations(
            Violation(codes.INVALID_INTERVAL, "expected an interval such as 25:10:00", unitless),
            Violation(codes.TOO_MANY_DECIMALS, "expected at most 6 decimals of a second", too_fine),
        ),
    )
