"""Drop records of only delimiters and blanks, as spreadsheets write them for empty rows."""

import numpy as np

from waybill.records.block import Block, view
from waybill.records.grammar import Fault

BLANKS = b" \t"


def without_blank_records(block: Block, delimiter: int) -> Block:
    """The block without its records of only delimiters and blanks."""
    if not block.record_count:
        return block
    octets = view(block.data)
    empty = np.zeros(256, bool)
    empty[[delimiter, *BLANKS]] = True
    suspects = empty[octets[block.starts]] & empty[octets[block.stops - 1]]
    if not suspects.any():
        return block
    marks = np.append(0, np.cumsum(empty[octets]))
    lengths = block.stops - block.starts
    kept = marks[block.stops] - marks[block.starts] != lengths
    kept |= block.faults != Fault.OK
    return block if kept.all() else _only(block, kept)


def _only(block: Block, kept: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Block:
    """The block with these records, and their bytes moved together."""
    spans = np.diff(np.append(block.starts, len(block.data)))
    octets = view(block.data)[block.starts[0] :]
    lengths = block.stops[kept] - block.starts[kept]
    starts = np.append(0, np.cumsum(spans[kept]))[:-1]
    return Block(
        octets[np.repeat(kept, spans)].tobytes(),
        starts,
        starts + lengths,
        block.lines[kept],
        block.faults[kept],
        block.boundaries,
    )
