"""Split a JSON array into its elements by bracket depth, in constant memory.

The stream begins after the opening bracket or after the comma of an element. An element that is
not valid JSON becomes a reject later, when it is parsed. An array that cannot be split fails the
file: it does not end, has an empty element, or is followed by text.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from waybill.errors import Rejected
from waybill.records.block import Block, Boundaries, Positions, view
from waybill.records.grammar import QUOTE, RAW_LIMIT, RECORD_LIMIT, Fault
from waybill.records.trimming import BLANKS, trimmed

_COMMA, _BACKSLASH, _CLOSING = 0x2C, 0x5C, 0x5D
_STEPS = np.zeros(256, np.int64)
_STEPS[[0x5B, 0x7B]] = 1
_STEPS[[0x5D, 0x7D]] = -1
_BOMS = (_STEPS != 0) | (np.arange(256) == _COMMA)


class _Scanner:
    """Finds the commas between elements and the end of the array."""

    def __init__(self) -> None:
        self._depth = 1
        self._inside = False
        self._escaped = False

    def scan(self, data: bytes) -> tuple[Positions, int | None]:
        """Scan the next bytes: (commas between elements, closing bracket or None)."""
        octets = view(data)
        quotes = self._quotes(data)
        marks = np.flatnonzero(_BOMS[octets])
        outside = (np.searchsorted(quotes, marks) & 1) == int(self._inside)
        marks = marks[outside]
        depths = self._depth + np.cumsum(_STEPS[octets[marks]])
        self._inside ^= bool(len(quotes) & 1)
        closing = np.flatnonzero(depths == 0)
        end = int(marks[closing[0]]) if len(closing) else None
        if len(depths):
            self._depth = int(depths[-1])
        commas = marks[(depths == 1) & (octets[marks] == _COMMA)]
        return commas if end is None else commas[commas < end], end

    def _quotes(self, data: bytes) -> Positions:
        """Positions of the quotes that open or close a string."""
        octets = view(data)
        quotes = np.flatnonzero(octets == QUOTE)
        escaped = self._escaped
        if not escaped and b"\\" not in data:
            return quotes
        self._escaped = _ends_escaping(data, escaped=escaped)
        spared = np.ones(len(data) + 1, bool)
        spared[_after_odd_runs(np.flatnonzero(octets == _BACKSLASH), escaped=escaped)] = False
        kept: Positions = quotes[spared[quotes]]
        return kept


def _after_odd_runs(slashes: Positions, *, escaped: bool) -> Positions:
    """Positions of escaped bytes; with `escaped`, a backslash precedes the first byte."""
    slashes = np.append(-1, slashes) if escaped else slashes
    firsts = np.flatnonzero(np.append(True, np.diff(slashes) != 1))
    lasts = np.append(firsts[1:], len(slashes)) - 1
    odd = (lasts - firsts + 1) & 1 == 1
    after: Positions = slashes[lasts[odd]] + 1
    return after


def _ends_escaping(data: bytes, *, escaped: bool) -> bool:
    run = len(data) - len(data.rstrip(b"\\"))
    return bool((run + int(escaped and run == len(data))) & 1)


class JsonArraySplitter:
    """Splits the elements of an array; buffers at most one record and one block."""

    def __init__(
        self,
        *,
        first_line: int = 1,
        ends: bool = True,
        limit: int = RECORD_LIMIT,
        raw_limit: int = RAW_LIMIT,
    ) -> None:
        self._scanner = _Scanner()
        self._must_end = ends
        self._limit = limit
        self._raw_limit = raw_limit
        self._carry = b""
        self._size = self._lost = 0
        self._ended = False
        self.line = first_line
        """Index, from 1, of the element at the first byte not consumed."""
        self.consumed = 0
        """Bytes of the stream consumed."""

    @property
    def buffered(self) -> int:
        """Bytes received but not consumed."""
        return self._size

    def skip(self, _data: bytes) -> bool:
        """Not supported for arrays: always False."""
        return False

    def feed(self, data: bytes) -> Iterator[Block]:
        """Take the next bytes and yield blocks of the elements they complete.

        Raises:
            Rejected: `broken-json`, an element is empty, or text follows the array.
        """
        if self._ended:
            self._after_end(data)
            return
        commas, end = self._scanner.scan(data)
        if end is not None and data[end] != _CLOSING:
            raise _broken(f"a brace closes the array after {self.line - 1 + len(commas)} elements")
        stops = commas if end is None else np.append(commas, end)
        if len(stops):
            yield self._block(data, stops, closes=end is not None)
        rest = data[int(stops[-1]) + 1 :] if len(stops) else data
        if end is not None:
            self._ended = True
            self._after_end(rest)
            return
        self._size += len(rest)
        # Keep the beginning of an over-long element and count the rest.
        rest = rest if self._carry else rest.lstrip(BLANKS)
        room = max(self._limit - len(self._carry), 0)
        self._carry += rest[:room]
        self._lost += len(rest[room:])

    def finish(self) -> Iterator[Block]:
        """End the stream.

        Raises:
            Rejected: `broken-json`, the array has not ended.
        """
        if not self._ended and (self._must_end or self._carry.strip(BLANKS)):
            raise _broken(f"it is truncated in element {self.line}")
        yield from ()

    def _after_end(self, rest: bytes) -> None:
        if rest.strip(BLANKS):
            raise _broken(f"text follows the closing bracket after {self.line - 1} elements")
        self.consumed += len(rest)

    def _block(self, data: bytes, stops: Positions, *, closes: bool) -> Block:
        """The elements that end at these positions of `data`; the first may have begun earlier."""
        kept, before = len(self._carry), self._size
        buffer = self._carry + data[: int(stops[-1]) + 1]
        begins = np.append(0, stops[:-1] + 1 + kept)
        starts, ends = trimmed(buffer, begins, stops + kept)
        lengths = ends - starts
        lengths[0] += self._lost
        numbers = np.arange(len(begins)) + self.line
        empty = lengths <= 0
        # Only `[]` may have an empty element.
        none = closes and len(empty) == 1 and self.line == 1 and bool(empty[0])
        if empty.any() and not none:
            raise _broken(f"element {int(numbers[np.argmax(empty)])} is empty")
        filled = ~empty
        long = lengths > self._limit
        ends = np.where(long, starts + np.minimum(self._raw_limit, lengths), ends)
        positions = np.append(0, stops + 1 + before) + self.consumed
        boundaries = _boundaries(positions, self.line, closes=closes)
        faults: NDArray[np.uint8] = np.where(long, Fault.RECORD_TOO_LONG, Fault.OK).astype(np.uint8)
        self._carry, self._size, self._lost = b"", 0, 0
        self.line += int(filled.sum())
        self.consumed = int(positions[-1])
        return Block(
            buffer, starts[filled], ends[filled], numbers[filled], faults[filled], boundaries
        )


def _boundaries(positions: Positions, line: int, *, closes: bool) -> Boundaries:
    """Starts of elements; none after the closing bracket."""
    kept = positions[:-1] if closes else positions
    return Boundaries(kept, np.arange(len(kept)) + line)


def _broken(what: str) -> Rejected:
    return Rejected("broken-json", f"The JSON array is malformed: {what}.")
