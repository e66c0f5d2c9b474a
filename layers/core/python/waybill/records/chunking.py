"""Cut an object into chunks. A chunk always begins where a record begins."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from waybill.records.block import Boundaries, resized
from waybill.records.layout import Layout
from waybill.records.reading import BLOCK_BYTES, Splitter, splitter_for


class ChunkRange(NamedTuple):
    """A chunk of an object: bytes [byte_from, byte_to) and the physical line of the first one."""

    byte_from: int
    byte_to: int
    first_line: int


def chunk_ranges(
    blocks: Iterable[bytes], layout: Layout, chunk_bytes: int, splitter: Splitter | None = None
) -> Iterator[ChunkRange]:
    """Yield chunks that end at the first record boundary at or after `chunk_bytes`.

    `blocks` are the object's bytes from `layout.data_offset` to the end, in pieces of any size.
    Memory does not grow with the object. An object without data has no chunks. A stream
    (`Layout.is_stream`) is always one chunk and must not be passed here.

    Raises:
        Rejected: `broken-json`, the array is malformed.
    """
    splitter = splitter or splitter_for(layout, layout.first_line)
    ranges = _Ranges(layout, chunk_bytes)
    for data in resized(blocks, BLOCK_BYTES):
        # Far from the next boundary only lines are counted.
        near = splitter.consumed + splitter.buffered + len(data) >= ranges.target
        if near or not splitter.skip(data):
            for block in splitter.feed(data):
                yield from ranges.close_chunks(block.boundaries)
    for block in splitter.finish():
        yield from ranges.close_chunks(block.boundaries)
    if splitter.consumed > ranges.begin:
        yield ranges.until(splitter.consumed)


class _Ranges:
    """Chunk boundaries, as offsets from the first byte of the data."""

    def __init__(self, layout: Layout, chunk_bytes: int) -> None:
        self._offset = layout.data_offset
        self._chunk_bytes = chunk_bytes
        self._line = layout.first_line
        self.begin = 0

    @property
    def target(self) -> int:
        """The chunk ends at the first boundary at or after this offset."""
        return self.begin + self._chunk_bytes

    def until(self, end: int) -> ChunkRange:
        return ChunkRange(self.begin + self._offset, end + self._offset, self._line)

    def close_chunks(self, boundaries: Boundaries) -> Iterator[ChunkRange]:
        positions, lines = boundaries
        at = np.searchsorted(positions, self.target)
        while at < len(positions):
            yield self.until(int(positions[at]))
            self.begin, self._line = int(positions[at]), int(lines[at])
            at = np.searchsorted(positions, self.target)
