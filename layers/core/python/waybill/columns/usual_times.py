"""Finds valid dates and times without a regular expression, in the forms that most of them have.

One invalid value keeps Arrow from casting a block. The others of the block need not be matched
against patterns, one by one, to find which it was.
"""

import re
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from waybill.columns.check_result import Array, Mask, to_mask
from waybill.columns.text_bytes import text_bytes

DAYS_OF_MONTH = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
DATE = re.compile(rb"[0-9]{4}-[0-9]{2}-[0-9]{2}")
NAIVE = re.compile(DATE.pattern + rb"[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?")
ZONED = re.compile(NAIVE.pattern + rb"(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)")

_MAX_LENGTH = 40
_FORMS, _SAMPLE = 4, 16
_DATE_LENGTH, _TIME_LENGTH = len("2021-07-27"), len("2021-07-27T16:02:08")
_LAST_HOUR = 23
# Two digits of which the first is 0 or 1; none beyond 12 is a month.
_DAYS = np.append(DAYS_OF_MONTH, np.zeros(7, np.int64)).astype(np.uint8)


def in_usual_form(strings: Array, form: re.Pattern[bytes]) -> Mask:
    """Rows that are certainly valid; of the others some may be.

    Others are those of a rare form, 29 February, and offsets of 20 hours or more.

    Args:
        strings: texts.
        form: `DATE`, `NAIVE` or `ZONED`, which one of the rows has to match to show its form.
    """
    found = np.zeros(len(strings), bool)
    valid = to_mask(strings.is_valid())
    lengths = np.minimum(text_bytes(strings).lengths, _MAX_LENGTH)
    counts = np.bincount(lengths[valid], minlength=1)
    for length in np.argsort(-counts, kind="stable")[:_FORMS].tolist():
        if _DATE_LENGTH <= length < _MAX_LENGTH and counts[length]:
            rows = np.flatnonzero(valid & (lengths == length))
            found[rows] = _valid(_bytes(strings, rows, length), form)
    return found


def _bytes(strings: Array, rows: NDArray[np.int64], length: int) -> NDArray[np.uint8]:
    """The bytes of these rows, which have this length, shape (rows, length)."""
    text = text_bytes(strings if len(rows) == len(strings) else strings.take(pa.array(rows)))
    begin = text.starts[0]
    return text.octets[begin : begin + len(rows) * length].reshape(len(rows), length)


def _valid(octets: NDArray[np.uint8], form: re.Pattern[bytes]) -> Mask:
    samples = (bytes(each) for each in octets[:_SAMPLE])
    sample = next((each for each in samples if form.fullmatch(each)), None)
    if sample is None:
        return np.zeros(len(octets), bool)
    low, high = (np.frombuffer(each, np.uint8) for each in _bounds(sample))
    # Wraps around below the lower bound, and then is too large.
    valid = np.zeros(len(octets), bool)
    ((octets - low) <= (high - low)).all(axis=1, out=valid)
    day = _two_digits(octets, 8)
    # Others than these have no month of two digits.
    month = np.where(valid, _two_digits(octets, 5), 0)
    valid &= (day > 0) & (day <= _DAYS[month])
    if len(sample) > _DATE_LENGTH:
        valid &= _two_digits(octets, 11) <= _LAST_HOUR
    return valid


def _two_digits(octets: NDArray[np.uint8], place: int) -> NDArray[Any]:
    return (octets[:, place] - ord("0")) * 10 + (octets[:, place + 1] - ord("0"))


def _bounds(sample: bytes) -> tuple[bytes, bytes]:
    """The lowest and the highest byte at each place of texts in the form of the sample."""
    low, high = (re.sub(rb"[0-9]", digit, sample) for digit in (b"0", b"9"))
    highest = bytearray(high)
    highest[5], highest[8] = b"13"
    if len(sample) > _DATE_LENGTH:
        highest[11], highest[14], highest[17] = b"255"
    zone = max(sample.rfind(b"+"), sample.rfind(b"-", _TIME_LENGTH))
    if zone > 0:
        highest[zone + 1] = ord("1")
        if len(sample) - zone > len("+02"):
            highest[-2] = ord("5")
    return low, bytes(highest)
