"""Warn of quoted fields that contain what looks like whole records: a quote may be missing."""

from collections.abc import Iterator

import numpy as np

from waybill.records.block import Block
from waybill.records.escapes import shadow
from waybill.records.grammar import Fault
from waybill.records.marks import Marks

_LINES = 10


def stray_quote_warnings(block: Block, marks: Marks, width: int) -> Iterator[str]:
    """Warnings of valid records that span ten lines or more, most of them like records.

    `width` is the number of fields of a record.
    """
    if width < 2 or marks.quote is None or not block.record_count:
        return
    if marks.quote.encode() not in block.data:
        return
    # A block does not say where its last record ends. Blank lines count, so this is a bound.
    spans = np.append(np.diff(block.lines), _LINES)
    for record in np.flatnonzero((spans >= _LINES) & (block.faults == Fault.OK)).tolist():
        text = block.data[int(block.starts[record]) : int(block.stops[record])]
        lines = shadow(text, marks).splitlines()
        alike = sum(line.count(marks.delimiter.encode()) == width - 1 for line in lines)
        if 2 * alike > len(lines) >= _LINES:
            yield (
                f"The record on line {block.lines[record]} spans {len(lines)} lines, {alike} of "
                f"which look like records: a quote may be missing."
            )
