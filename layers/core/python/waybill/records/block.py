"""A block: the complete records of one part of a stream."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Positions = NDArray[np.int64]
Faults = NDArray[np.uint8]
Bytes = NDArray[np.uint8]


class Boundaries(NamedTuple):
    """Positions where a chunk may begin: byte offsets in the stream and their line numbers."""

    positions: Positions
    lines: Positions


class RowGroup(NamedTuple):
    """A row group of a Parquet file."""

    number: int
    """From 0, as in the file."""
    first_line: int


class Block(NamedTuple):
    """Valid and malformed records; parallel arrays, ordered by position."""

    data: bytes
    starts: Positions
    """First byte of each record in `data`."""
    stops: Positions
    """One past the last byte, without the line ending; for a malformed record, of the kept part."""
    lines: Positions
    """Physical line of the file where the record starts, from 1."""
    faults: Faults
    """The `Fault` of each record."""
    boundaries: Boundaries
    """Starts of the lines outside quotes, and of the line after the block."""
    texts: tuple[Any, ...] = ()
    """Of a binary file, whose records are no text: an Arrow array of text per field, with a value
    per record. `data` is then empty, and all offsets are 0."""
    names: tuple[str, ...] = ()
    """The names of these fields; none if each record is one document."""
    row_group: RowGroup | None = None
    """The one of which all records are."""

    @property
    def record_count(self) -> int:
        """Number of records."""
        return len(self.starts)


_NONE: Positions = np.zeros(0, np.int64)
EMPTY_BLOCK = Block(b"", _NONE, _NONE, _NONE, np.zeros(0, np.uint8), Boundaries(_NONE, _NONE))
"""Without records."""


def view(data: bytes) -> Bytes:
    """The bytes as an array, without a copy."""
    return np.frombuffer(data, np.uint8)


def limited(block: Block, records: int) -> Iterator[Block]:
    """The block in parts of at most this many records; boundaries stay with the last."""
    none = Boundaries(block.lines[:0], block.lines[:0])
    for first in range(0, max(block.record_count, 1), records):
        part = slice(first, first + records)
        is_last = first + records >= block.record_count
        begin = int(block.starts[first]) if first else 0
        end = len(block.data) if is_last else int(block.starts[first + records])
        yield Block(
            block.data[begin:end],
            block.starts[part] - begin,
            block.stops[part] - begin,
            block.lines[part],
            block.faults[part],
            block.boundaries if is_last else none,
            tuple(array.slice(first, records) for array in block.texts),
            block.names,
            block.row_group,
        )


def resized(blocks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The same bytes in blocks of this size; only the last one may be shorter."""
    rest = bytearray()
    for data in blocks:
        rest += data
        begin = 0
        while len(rest) - begin >= size:
            yield bytes(rest[begin : begin + size])
            begin += size
        del rest[:begin]
    if rest:
        yield bytes(rest)
