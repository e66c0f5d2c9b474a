"""What a check says of a column."""

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Array = Any
"""A pyarrow array; the library comes without types."""

_PROBE = 256


class Failure(NamedTuple):
    """One code, and the rows that it was found on."""

    code: str
    expected: str
    """What stands in the message before the value: `expected a whole number`."""
    rows: Mask


class CheckResult(NamedTuple):
    """The column in its stage's type, null where it failed, and the failures."""

    values: Array
    failures: tuple[Failure, ...] = ()


def mask_of(booleans: Array) -> Mask:
    """A boolean array as a mask; null is False."""
    filled = booleans.fill_null(False) if booleans.null_count else booleans
    mask: Mask = filled.to_numpy(zero_copy_only=False)
    return mask


def without(values: Array, rows: Mask) -> Array:
    """The values, null on these rows."""
    return (
        pc.if_else(pa.array(rows), pa.scalar(None, values.type), values) if rows.any() else values
    )


def refused(strings: Array, pattern: str) -> Mask:
    """The rows whose text is not, as a whole, what the (RE2) pattern says; null is never."""
    return mask_of(pc.invert(pc.match_substring_regex(strings, rf"\A(?:{pattern})\z")))


def failures(*found: Failure) -> tuple[Failure, ...]:
    """Those that were found on any row."""
    return tuple(failure for failure in found if failure.rows.any())


def cast_if_all_good(strings: Array, goal: Array) -> Array | None:
    """The values as Arrow reads them; None if it refuses one.

    Arrow words an error for every value that it refuses, which is slow where many are bad: a few
    are tried first.
    """
    try:
        pc.cast(strings.slice(0, _PROBE), goal)
        return pc.cast(strings, goal)
    except pa.ArrowInvalid:
        return None
