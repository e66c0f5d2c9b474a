"""Finds the fields of JSON records that are alike, without parsing each record.

Programs write records with the same fields in the same order, of plain values. Where such a record
has no escape, its structure is found with array operations over the whole block, a tenth of the
time of a parser's call per record. Whatever differs in any way is left to the parser.
"""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from waybill.columns.check_result import Array, Mask, to_mask
from waybill.exact_json import JsonError, parse_json
from waybill.records.block import Block, Bytes, Positions, view
from waybill.records.grammar import QUOTE, Fault

# Below, a call for each field costs more than a parser's call for each record.
_LEAST_RECORDS = 512
# The positions of a block full of commas take fifty times its size.
_LARGEST_BLOCK = 2 * 1024 * 1024
_BACKSLASH, _SPACE = 0x5C, 0x20
_STRUCTURE = np.zeros(256, bool)
_STRUCTURE[list(b"{}[],:")] = True
_WORDS = (b"null", b"true", b"false")
_NUMBER = r"\A-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?\z"
Numbers = NDArray[np.int64]


class Values(NamedTuple):
    """A field of the records."""

    texts: Array
    """A `string` array: strings without quotes, other values as written; null for null."""
    firsts: Bytes
    """The first byte of each value: a quote, a digit or a minus, or the letter of a word."""


class UniformRecords(NamedTuple):
    """Records with these fields, in this order."""

    indices: Positions
    """Which records of the block."""
    fields: dict[str, Values]


class _Marks(NamedTuple):
    """Brackets, commas and colons outside strings: a row per record."""

    places: Numbers
    quotes: Numbers
    """How many quotes of the block are before each."""


def read_uniform(block: Block) -> UniformRecords | None:
    """The records of the block that are like its first one; None unless most of them are."""
    names = _names(block)
    if names is None:
        return None
    octets = view(block.data)
    indices, marks = _marks(block, octets, len(names))
    if 2 * len(indices) < block.record_count:
        return None
    valid = (marks.places[:, 0] == block.starts[indices]) & (
        marks.places[:, -1] == block.stops[indices] - 1
    )
    valid &= (octets[marks.places] == _pattern(len(names))).all(axis=1)
    fields = {}
    for number, name in enumerate(names):
        valid &= _has_name(octets, marks, 2 * number, name)
        fields[name], well_formed = _values(block, octets, marks, 2 * number + 1)
        valid &= well_formed
    if 2 * valid.sum() < block.record_count:
        return None
    if not valid.all():
        kept = pa.array(np.flatnonzero(valid))
        fields = {
            name: Values(values.texts.take(kept), values.firsts[valid])
            for name, values in fields.items()
        }
    return UniformRecords(indices[valid], fields)


def _names(block: Block) -> list[str] | None:
    """The fields of the first record, if it is one that others may be like."""
    data = block.data
    if block.record_count < _LEAST_RECORDS or len(data) > _LARGEST_BLOCK:
        return None
    first = data[block.starts[0] : block.stops[0]]
    if block.faults[0] != Fault.OK or b"\\" in first:
        return None
    try:
        record = parse_json(first.decode())
        # Invalid text anywhere is left to the parser, which rejects the record that has it.
        data.decode()
    except (JsonError, UnicodeDecodeError):
        return None
    is_plain = isinstance(record, dict) and not any(
        isinstance(value, dict | list) for value in record.values()
    )
    return list(record) if is_plain and 2 * len(record) < block.record_count else None


def _marks(block: Block, octets: Bytes, count: int) -> tuple[Positions, _Marks]:
    """Indices of the records with the structure of so many fields, and their marks."""
    starts, stops = block.starts, block.stops
    odd = np.flatnonzero((octets < _SPACE) | (octets == _BACKSLASH))
    plain = np.searchsorted(odd, starts) == np.searchsorted(odd, stops)
    plain &= block.faults == Fault.OK
    quotes = np.flatnonzero(octets == QUOTE)
    places = np.flatnonzero(_STRUCTURE[octets])
    records = np.searchsorted(starts, places, side="right") - 1
    before = np.searchsorted(quotes, places)
    # Counted from the record's own start, since an escaped quote may precede it.
    is_outside = (before - np.searchsorted(quotes, starts)[records]) & 1 == 0
    is_mark = is_outside & (records >= 0) & (places < stops[records]) & plain[records]
    each = 2 * count + 1
    plain &= np.bincount(records[is_mark], minlength=len(starts)) == each
    is_mark &= plain[records]
    marks = _Marks(places[is_mark].reshape(-1, each), before[is_mark].reshape(-1, each))
    return np.flatnonzero(plain), marks


def _pattern(count: int) -> Bytes:
    return view(b"{" + b",".join([b":"] * count) + b"}")


def _after(octets: Bytes, places: Numbers) -> Numbers:
    """The places after these, and after a space there."""
    following = places + 1
    skipped: Numbers = following + (octets[following] == _SPACE)
    return skipped


def _has_name(octets: Bytes, marks: _Marks, column: int, name: str) -> Mask:
    """The records whose field between this mark and the next has the name."""
    begins, ends = _after(octets, marks.places[:, column]), marks.places[:, column + 1]
    return _is_word(octets, begins, ends, b'"' + name.encode() + b'"')


def _is_word(octets: Bytes, begins: Numbers, ends: Numbers, word: bytes) -> Mask:
    found: Mask = ends - begins == len(word)
    rows = np.flatnonzero(found)
    places = begins[rows, None] + np.arange(len(word))
    found[rows] = (octets[places] == view(word)).all(axis=1)
    return found


def _values(block: Block, octets: Bytes, marks: _Marks, column: int) -> tuple[Values, Mask]:
    """The values between a colon and the next mark, and which of them are well-formed."""
    begins, ends = _after(octets, marks.places[:, column]), marks.places[:, column + 1]
    quotes = marks.quotes[:, column + 1] - marks.quotes[:, column]
    firsts = octets[begins]
    strings = (firsts == QUOTE) & (octets[ends - 1] == QUOTE) & (quotes == 2)
    words = {word: _words(octets, begins, ends, firsts, word) for word in _WORDS}
    texts = _texts(block.data, begins + strings, ends - strings, words[b"null"])
    numbers = ~strings & ~words[b"null"] & ~words[b"true"] & ~words[b"false"]
    well_formed = ~numbers
    if numbers.any():
        rows = np.flatnonzero(numbers)
        well_formed[rows] = to_mask(
            pc.match_substring_regex(texts.take(pa.array(rows)), _NUMBER)
        ) & (quotes[rows] == 0)
    return Values(texts, firsts), well_formed


def _words(octets: Bytes, begins: Numbers, ends: Numbers, firsts: Bytes, word: bytes) -> Mask:
    found: Mask = firsts == word[0]
    if found.any():
        rows = np.flatnonzero(found)
        found[rows] = _is_word(octets, begins[rows], ends[rows], word)
    return found


def _texts(data: bytes, begins: Numbers, ends: Numbers, nulls: Mask) -> Array:
    # Even values of this array are fields, odd ones are what lies between them.
    edges = np.empty(2 * len(begins), np.int32)
    edges[::2] = begins
    edges[1::2] = np.maximum(begins, ends)
    buffers = [None, pa.py_buffer(edges), pa.py_buffer(data)]
    spans = pa.Array.from_buffers(pa.string(), len(edges) - 1, buffers)
    return spans.take(pa.array(np.arange(0, len(edges), 2), mask=nulls))
