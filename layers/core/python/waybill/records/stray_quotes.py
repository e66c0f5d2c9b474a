"""Warn of quoted fields that contain what looks like whole records: a quote may be missing."""

from itertools import chain, pairwise

from waybill.records.head import Head
from waybill.records.splitter import RecordSplitter

_LINES = 10
_SHOWN = 5


def stray_quote_warnings(text: Head, delimiter: str, width: int, skip: int) -> tuple[str, ...]:
    """Warnings of records in the head that span ten lines or more, most of them like records.

    `width` is the number of fields of a record; `skip` is the offset of the first record.
    """
    if width < 2 or b'"' not in text.data:
        return ()
    splitter = RecordSplitter(delimiter)
    found: list[str] = []
    for block in chain(splitter.feed(text.data[skip:]), splitter.finish() if text.whole else ()):
        lines = [*block.lines.tolist(), splitter.line]
        for at, (line, following) in enumerate(pairwise(lines)):
            if following - line < _LINES:
                continue
            inner = block.data[int(block.starts[at]) : int(block.stops[at])].splitlines()
            alike = sum(each.count(delimiter.encode()) == width - 1 for each in inner)
            if 2 * alike > len(inner) >= _LINES:
                place = line + text.data.count(b"\n", 0, skip)
                found.append(
                    f"The record on line {place} spans {len(inner)} lines, {alike} of which look "
                    f"like records: a quote may be missing."
                )
    return tuple(found[:_SHOWN])
