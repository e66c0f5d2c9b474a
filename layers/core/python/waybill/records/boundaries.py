"""Where an object may be cut into chunks: only where a record begins, by the cutter's own rules."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np

from waybill.records.block import Boundaries
from waybill.records.cutter import Cutter
from waybill.records.layout import Layout


class ChunkRange(NamedTuple):
    """A chunk of an object: the bytes [byte_from, byte_to) and the physical line it begins on."""

    byte_from: int
    byte_to: int
    first_line: int


def chunk_ranges(
    blocks: Iterable[bytes], layout: Layout, chunk_bytes: int, cutter: Cutter | None = None
) -> Iterator[ChunkRange]:
    """Cut the data into chunks that each end at the first boundary from `chunk_bytes` on.

    `blocks` are the object's bytes from `layout.data_offset` to its end, in blocks that may end
    anywhere; who wants their hash takes it on the way in. Memory does not grow with the object.
    An object without data has no chunk.
    """
    cutter = cutter or Cutter(layout.delimiter, first_line=layout.first_line)
    begin, line = 0, layout.first_line
    for boundaries in _boundaries(blocks, cutter, lambda: begin + chunk_bytes):
        at = 0
        while (at := _first_from(boundaries, begin + chunk_bytes, at)) < len(boundaries.positions):
            end = int(boundaries.positions[at])
            yield ChunkRange(begin + layout.data_offset, end + layout.data_offset, line)
            begin, line = end, int(boundaries.lines[at])
    if cutter.decided > begin:
        end = cutter.decided + layout.data_offset
        yield ChunkRange(begin + layout.data_offset, end, line)


def _first_from(boundaries: Boundaries, position: int, at: int) -> int:
    return at + int(np.searchsorted(boundaries.positions[at:], position))


def _boundaries(
    blocks: Iterable[bytes], cutter: Cutter, wanted: Callable[[], int]
) -> Iterator[Boundaries]:
    for data in blocks:
        # Far from the next cut there is nothing to do but count lines.
        near = cutter.decided + cutter.held + len(data) >= wanted()
        if near or not cutter.skim(data):
            for block in cutter.feed(data):
                yield block.boundaries
    for block in cutter.finish():
        yield block.boundaries
