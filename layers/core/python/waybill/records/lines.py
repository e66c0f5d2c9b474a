"""Physical lines of a buffer, ended by LF, CRLF or CR, inside quotes or not."""

from typing import NamedTuple

import numpy as np

from waybill.records.block import Positions, view
from waybill.records.grammar import CR, LF


class Lines(NamedTuple):
    """The complete lines of a buffer, contiguous from its first byte."""

    starts: Positions
    stops: Positions
    """One past the last byte, without the line ending."""
    nexts: Positions
    """Start of the next line."""


def physical_lines(data: bytes, *, final: bool) -> Lines:
    """The lines that end in `data`; with `final`, also the unterminated last one.

    Unless `final`, `data` must not end in CR, since an LF may follow.
    """
    stops, nexts = _ends(data)
    reached = int(nexts[-1]) if len(nexts) else 0
    if final and reached < len(data):
        stops, nexts = np.append(stops, len(data)), np.append(nexts, len(data))
    starts = np.zeros_like(nexts)
    starts[1:] = nexts[:-1]
    return Lines(starts, stops, nexts)


def _ends(data: bytes) -> tuple[Positions, Positions]:
    octets = view(data)
    if b"\r" not in data:
        breaks = np.flatnonzero(octets == LF)
        return breaks, breaks + 1
    breaks = np.flatnonzero((octets == LF) | (octets == CR))
    kinds = octets[breaks]
    # The LF of a CRLF belongs to the CR before it.
    paired = np.zeros(len(breaks), bool)
    paired[1:] = (kinds[1:] == LF) & (kinds[:-1] == CR) & (np.diff(breaks) == 1)
    widths = np.ones(len(breaks), np.int64)
    widths[:-1] += paired[1:]
    stops = breaks[~paired]
    return stops, stops + widths[~paired]


def count_line_ends(data: bytes) -> int:
    """Number of line endings in `data`."""
    if b"\r" not in data:
        return data.count(b"\n")
    return data.count(b"\n") + data.count(b"\r") - data.count(b"\r\n")


def line_end_from(data: bytes, position: int) -> tuple[int, int] | None:
    """(begin, end) of the first line ending at or after `position`, or None."""
    found = [at for at in (data.find(b"\n", position), data.find(b"\r", position)) if at >= 0]
    if not found:
        return None
    stop = min(found)
    return stop, stop + (2 if data[stop : stop + 2] == b"\r\n" else 1)
