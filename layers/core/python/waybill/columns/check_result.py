"""The result of checking a column."""

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Array = Any
"""A pyarrow array; the library has no type stubs."""

_PROBE = 256


class Violation(NamedTuple):
    """One kind of error and the rows that have it."""

    code: str
    expected: str
    """Beginning of the message: `expected a whole number`."""
    rows: Mask
    advice: str = ""
    """What to do to load such values: `declare the format D/M/YYYY`."""
    is_personal: bool = False
    """Whether messages leave the value out."""


class CheckResult(NamedTuple):
    """The column in its staging type, null where invalid, and the violations."""

    values: Array
    violations: tuple[Violation, ...] = ()


def to_mask(booleans: Array) -> Mask:
    """A boolean array as a numpy mask; null becomes False."""
    filled = booleans.fill_null(False) if booleans.null_count else booleans
    mask: Mask = filled.to_numpy(zero_copy_only=False)
    return mask


def null_where(rows: Mask, values: Array) -> Array:
    """The values, with these rows set to null."""
    if not rows.any():
        return values
    return pc.if_else(pa.array(rows), pa.scalar(None, values.type), values)


def not_matching(strings: Array, pattern: str) -> Mask:
    """Rows whose whole text does not match the RE2 pattern; null rows are never included."""
    return to_mask(pc.invert(pc.match_substring_regex(strings, rf"\A(?:{pattern})\z")))


def violations(*candidates: Violation) -> tuple[Violation, ...]:
    """The candidates that have at least one row."""
    return tuple(candidate for candidate in candidates if candidate.rows.any())


def cast_or_none(strings: Array, target: Array) -> Array | None:
    """The values as Arrow casts them, or None if any value cannot be cast.

    Arrow formats an error message for every invalid value, which is slow when there are many,
    so a few values are tried first.
    """
    try:
        pc.cast(strings.slice(0, _PROBE), target)
        return pc.cast(strings, target)
    except pa.ArrowInvalid:
        return None
