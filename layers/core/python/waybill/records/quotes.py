"""From physical lines to records where there are quotes.

Every line is first judged as if it began outside quotes, all lines at once: quotes pair up in
turn, and each must stand where the grammar lets it. A line with an even number of them, all in
place, is a record; one with a quote out of place is a reject; one with an odd number, all in
place, opens a field that goes on below. Seen from inside such a field a line with an odd number
closes it, so a record that spans lines ends at the very next line with an odd number, or is
malformed before. That leaves a walk over the odd lines only, and every byte is judged from at
most two sides.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from waybill.records.block import Bytes, Faults, Positions, view
from waybill.records.grammar import CR, LF, QUOTE, Fault
from waybill.records.lines import Lines


class Joined(NamedTuple):
    """Lines joined into records; blank lines are still among them."""

    first: Positions
    """Index of the line that each begins on."""
    last: Positions
    """Index of the line that it ends on; of a malformed one, the same as `first`."""
    faults: Faults
    lines: int
    """How many lines are consumed; later ones need more data."""


class _Quotes(NamedTuple):
    """The quotes of a buffer and, for a field opened by an even or odd one, those out of place."""

    before: Positions
    """How many quotes stand before each line."""
    counts: Positions
    """How many stand in it."""
    misplaced: tuple[Positions, Positions]
    total: int

    def first_misplaced(self, index: Positions) -> Positions:
        """Index of the first quote from `index` on that is out of place; `total` if none."""
        even, odd = (
            np.append(these, self.total)[np.searchsorted(these, index)] for these in self.misplaced
        )
        return np.where(index & 1, odd, even)


def join_lines(data: bytes, lines: Lines, delimiter: int, *, final: bool) -> Joined:
    """Join the lines that quoted fields span; `data` begins outside quotes."""
    count = len(lines.starts)
    last = np.arange(count)
    faults = np.zeros(count, np.uint8)
    if not count or b'"' not in data:
        return Joined(last, last, faults, count)
    quotes = _find(data, lines, delimiter)
    touched = np.flatnonzero(quotes.counts)
    begin = quotes.before[touched]
    broken = quotes.first_misplaced(begin) < begin + quotes.counts[touched]
    faults[touched[broken]] = Fault.QUOTE_IN_FIELD
    odd = touched[(quotes.counts[touched] & 1).astype(bool)]
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
    """Pair the lines with an odd number of quotes: (pairs, unclosed lines, lines consumed)."""
    lines = odd.tolist()
    sound = (faults[odd] == Fault.OK).tolist()
    broken = quotes.first_misplaced(quotes.before[odd]).tolist()
    ends = (quotes.before[odd] + quotes.counts[odd]).tolist()
    pairs: list[tuple[int, int]] = []
    unclosed: list[int] = []
    at = 0
    while at < len(lines):
        if not sound[at]:
            at += 1
        elif at + 1 < len(lines) and broken[at] >= ends[at + 1]:
            pairs.append((lines[at], lines[at + 1]))
            at += 2
        elif at + 1 < len(lines) or broken[at] < quotes.total or final:
            unclosed.append(lines[at])
            at += 1
        else:
            count = lines[at]
            break
    return np.array(pairs, np.int64).reshape(-1, 2), unclosed, count


def _find(data: bytes, lines: Lines, delimiter: int) -> _Quotes:
    octets = view(data)
    at = np.flatnonzero(octets == QUOTE)
    edges = np.searchsorted(at, np.append(lines.starts, lines.nexts[-1:]))
    twin = np.diff(at) == 1
    may_open = np.append(True, _is_edge(octets[at[1:] - 1], delimiter) | twin)
    may_open[:1] = (at[:1] == 0) | _is_edge(octets[at[:1] - 1], delimiter)
    # A quote that ends the buffer stands on a line that is cut short: unknown, or at the end.
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
