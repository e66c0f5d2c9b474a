"""Join physical lines into records where fields are quoted.

All lines are first checked together, as if each began outside quotes: quotes alternate between
opening and closing, and each must be at the edge of a field. A line with an even number of
quotes, all in place, is a record. A line with a misplaced quote is a reject. A line with an odd
number, all in place, opens a field that continues on later lines; the next line with an odd
number closes it, unless a misplaced quote comes first. So only the odd lines need a loop, and
each byte is checked at most twice.
"""

from array import array
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from waybill.records.block import Bytes, Faults, Positions, view
from waybill.records.grammar import CR, LF, Fault
from waybill.records.lines import Lines
from waybill.records.marks import Marks


class Joined(NamedTuple):
    """Lines joined into records; blank lines are still included."""

    first: Positions
    """Index of the line on which each record begins."""
    last: Positions
    """Index of the line on which it ends; for a malformed one, the same as `first`."""
    faults: Faults
    lines: int
    """Number of lines consumed; the rest needs more data."""


class _Quotes(NamedTuple):
    """The quotes of a buffer, and those misplaced if even or odd quotes open fields."""

    before: Positions
    """Number of quotes before each line."""
    counts: Positions
    """Number of quotes in each line."""
    misplaced: tuple[Positions, Positions]
    total: int

    def first_misplaced(self, index: Positions) -> Positions:
        """Index of the first misplaced quote at or after `index`; `total` if none."""
        even, odd = (
            np.append(these, self.total)[np.searchsorted(these, index)] for these in self.misplaced
        )
        return np.where(index & 1, odd, even)


def join_lines(data: bytes, lines: Lines, marks: Marks, *, final: bool) -> Joined:
    """Join lines that are part of one quoted field; `data` begins outside quotes."""
    count = len(lines.starts)
    last = np.arange(count)
    faults = np.zeros(count, np.uint8)
    if not count or marks.quote is None or marks.quote.encode() not in data:
        return Joined(last, last, faults, count)
    quotes = _find(data, lines, ord(marks.delimiter), ord(marks.quote))
    quoted = np.flatnonzero(quotes.counts)
    begin = quotes.before[quoted]
    misplaced = quotes.first_misplaced(begin) < begin + quotes.counts[quoted]
    faults[quoted[misplaced]] = Fault.QUOTE_IN_FIELD
    odd = quoted[(quotes.counts[quoted] & 1).astype(bool)]
    pairs, unclosed, consumed = _walk(odd, faults, quotes, count, final=final)
    faults[unclosed] = Fault.UNCLOSED_QUOTE
    last[pairs[:, 0]] = pairs[:, 1]
    inner = np.zeros(count + 1, np.int64)
    inner[pairs[:, 0] + 1] += 1
    inner[pairs[:, 1] + 1] -= 1
    first = np.flatnonzero(np.cumsum(inner[:consumed]) == 0)
    return Joined(first, last[first], faults[first], consumed)


def _walk(
    odd: Positions, faults: Faults, quotes: _Quotes, count: int, *, final: bool
) -> tuple[NDArray[np.int64], list[int], int]:
    """Pair lines with an odd number of quotes: (pairs, unclosed lines, lines consumed)."""
    # Views, since lists of half a million numbers would take tens of megabytes each.
    lines = odd.data
    well_formed = (faults[odd] == Fault.OK).data
    misplaced = quotes.first_misplaced(quotes.before[odd]).data
    ends = (quotes.before[odd] + quotes.counts[odd]).data
    pairs = array("q")
    unclosed: list[int] = []
    at = 0
    while at < len(lines):
        if not well_formed[at]:
            at += 1
        elif at + 1 < len(lines) and misplaced[at] >= ends[at + 1]:
            pairs.extend((lines[at], lines[at + 1]))
            at += 2
        elif at + 1 < len(lines) or misplaced[at] < quotes.total or final:
            unclosed.append(lines[at])
            at += 1
        else:
            count = lines[at]
            break
    return np.frombuffer(pairs, np.int64).reshape(-1, 2), unclosed, count


def _find(data: bytes, lines: Lines, delimiter: int, quote: int) -> _Quotes:
    octets = view(data)
    at = np.flatnonzero(octets == quote)
    edges = np.searchsorted(at, np.append(lines.starts, lines.nexts[-1:]))
    twin = np.diff(at) == 1
    may_open = np.append(True, _is_edge(octets[at[1:] - 1], delimiter) | twin)
    may_open[:1] = (at[:1] == 0) | _is_edge(octets[at[:1] - 1], delimiter)
    # A quote at the end of the buffer is on an unterminated line: allowed for now.
    after = octets[np.minimum(at + 1, len(octets) - 1)]
    may_close = _is_edge(after, delimiter) | (at + 1 == len(octets))
    may_close[:-1] |= twin
    even = np.zeros(len(at), bool)
    even[::2] = True
    misplaced = (
        np.flatnonzero(~np.where(even, may_open, may_close)),
        np.flatnonzero(~np.where(even, may_close, may_open)),
    )
    return _Quotes(edges[:-1], np.diff(edges), misplaced, len(at))


def _is_edge(octets: Bytes, delimiter: int) -> NDArray[np.bool_]:
    edge: NDArray[np.bool_] = (octets == delimiter) | (octets == LF) | (octets == CR)
    return edge
