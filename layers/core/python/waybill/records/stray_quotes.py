"""Warn of quoted fields that contain what looks like whole records: a quote may be missing."""

from collections.abc import Iterator

import numpy as np

from waybill.records.block import Block
from waybill.records.grammar import Fault

_LINES = 10


def stray_quote_warnings(block: Block, delimiter: str, width: int) -> Iterator[str]:
    """Warnings of valid records that span ten lines or more, most of them like records.

    `width` is the number of fields of a record.
    """
    if width < 2 or b'"' not in block.data or not block.record_count:
        return
    # A block does not say where its last record ends. Blank lines count, so this is a bound.
    spans = np.append(np.diff(block.lines), _LINES)
    for record in np.flatnonzero((spans >= _LINES) & (block.faults == Fault.OK)).tolist():
        lines = block.data[int(block.starts[record]) : int(block.stops[record])].splitlines()
        alike = sum(line.count(delimiter.encode()) == width - 1 for line in lines)
        if 2 * alike > len(lines) >= _LINES:
            yield (
                f"The record on line {block.lines[record]} spans {len(lines)} lines, {alike} of "
                f"which look like records: a quote may be missing."
            )
