"""Where an object may be cut into chunks: only where a record begins, by the cutter's own rules."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from waybill.records.block import Boundaries
from waybill.records.layout import Layout
from waybill.records.reading import AnyCutter, splitter_for


class ChunkRange(NamedTuple):
    """A chunk of an object: the bytes [byte_from, byte_to) and the physical line it begins on."""

    byte_from: int
    byte_to: int
    first_line: int


def chunk_ranges(
    blocks: Iterable[bytes], layout: Layout, chunk_bytes: int, cutter: AnyCutter | None = None
) -> Iterator[ChunkRange]:
    """Cut the data into chunks that each end at the first boundary from `chunk_bytes` on.

    `blocks` are the object's bytes from `layout.data_offset` to its end, in blocks that may end
    anywhere; who wants their hash takes it on the way in. Memory does not grow with the object.
    An object without data has no chunk. Not for a stream, which is not cut.

    Raises:
        Rejected: `broken-json`, an array that cannot be read to its end.
    """
    cutter = cutter or splitter_for(layout, layout.first_line)
    ranges = _Ranges(layout, chunk_bytes)
    for data in blocks:
        # Far from the next cut there is nothing to do but count lines.
        near = cutter.consumed + cutter.held + len(data) >= ranges.wanted
        if near or not cutter.skim(data):
            for block in cutter.feed(data):
                yield from ranges.cut(block.boundaries)
    for block in cutter.finish():
        yield from ranges.cut(block.boundaries)
    if cutter.consumed > ranges.begin:
        yield ranges.until(cutter.consumed)


class _Ranges:
    """Where the next chunk begins, counted from the first byte of the data."""

    def __init__(self, layout: Layout, chunk_bytes: int) -> None:
        self._offset = layout.data_offset
        self._chunk_bytes = chunk_bytes
        self._line = layout.first_line
        self.begin = 0

    @property
    def wanted(self) -> int:
        """From here on it may end."""
        return self.begin + self._chunk_bytes

    def until(self, end: int) -> ChunkRange:
        return ChunkRange(self.begin + self._offset, end + self._offset, self._line)

    def cut(self, boundaries: Boundaries) -> Iterator[ChunkRange]:
        positions, lines = boundaries
        at = np.searchsorted(positions, self.wanted)
        while at < len(positions):
            yield self.until(int(positions[at]))
            self.begin, self._line = int(positions[at]), int(lines[at])
            at = np.searchsorted(positions, self.wanted)
