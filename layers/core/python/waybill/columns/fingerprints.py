"""Numbers that stand for values: equal values have equal ones, others almost never."""

import hashlib

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from waybill.columns.check_result import Array
from waybill.columns.text_bytes import text_bytes

Fingerprints = NDArray[np.uint64]
END = 2**53
"""Every fingerprint is below: JSON and floating point hold such integers exactly."""
_SHIFT = np.uint64(64 - 53)
# Odd constants of which the bits look random, as in SplitMix64.
_FIRST, _SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)
_HALF = np.uint64(32)
_WORD = 8
# By the number of bytes left: all bits of these.
_MASKS = np.array([(1 << 8 * left) - 1 for left in range(_WORD + 1)], np.uint64)
LONG_TEXT = 128
"""Bytes of a text; each longer one is hashed alone, which takes about a microsecond."""


def fingerprints(values: Array) -> Fingerprints:
    """Of an array without nulls: numbers, booleans, dates, timestamps or text."""
    if pa.types.is_string(values.type):
        return _mixed(_text_words(values)) >> _SHIFT
    if pa.types.is_boolean(values.type):
        values = values.cast(pa.uint8())
    width = values.type.bit_width // 8
    octets = np.frombuffer(values.buffers()[1], f"u{width}")
    numbers = octets[values.offset : values.offset + len(values)].astype(np.uint64)
    return _mixed(numbers) >> _SHIFT


def _mixed(numbers: Fingerprints) -> Fingerprints:
    mixed = numbers * _FIRST
    mixed ^= mixed >> _HALF
    mixed *= _SECOND
    mixed ^= mixed >> _HALF
    return mixed


def _text_words(strings: Array) -> Fingerprints:
    """A number for each text, from all of its bytes."""
    text = text_bytes(strings)
    is_long = text.lengths > LONG_TEXT
    if not is_long.any():
        return _short_words(strings)
    state = np.empty(len(strings), np.uint64)
    data = strings.buffers()[2]
    for row in np.flatnonzero(is_long).tolist():
        state[row] = _digest(data.slice(int(text.starts[row]), int(text.lengths[row])))
    short = np.flatnonzero(~is_long)
    state[short] = _short_words(strings.take(pa.array(short)))
    return state


def _short_words(strings: Array) -> Fingerprints:
    text = text_bytes(strings)
    # A word is read beyond the end of the last text.
    octets = np.concatenate([text.octets, np.zeros(_WORD, np.uint8)])
    # The eight bytes from every position, without copying them.
    words = np.ndarray((len(octets) - _WORD + 1,), np.uint64, octets.data, 0, (1,))
    starts, lengths = text.starts.astype(np.int64), text.lengths.astype(np.int64)
    left = np.minimum(lengths, _WORD)
    state = _with_words(lengths.astype(np.uint64), words[starts] & _MASKS[left])
    for place in range(_WORD, LONG_TEXT, _WORD):
        rows = np.flatnonzero(lengths > place)
        if not len(rows):
            break
        left = np.minimum(lengths[rows] - place, _WORD)
        state[rows] = _with_words(state[rows], words[starts[rows] + place] & _MASKS[left])
    return state


def _with_words(state: Fingerprints, words: Fingerprints) -> Fingerprints:
    mixed = (state ^ words) * _FIRST
    mixed ^= mixed >> _HALF
    return mixed


def _digest(value: pa.Buffer) -> int:
    return int.from_bytes(hashlib.blake2b(value, digest_size=8).digest(), "little")
