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
from waybill.records.grammar import RAW_LIMIT, RECORD_LIMIT, Fault
from waybill.records.json_scanner import COMMA, JsonScanner
from waybill.records.trimming import BLANKS, trimmed

_CLOSING = 0x5D


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
        self._scanner = JsonScanner(depth=1)
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
        commas, end = self._scan(data)
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

    def _scan(self, data: bytes) -> tuple[Positions, int | None]:
        """(commas between elements, closing bracket or None) of the next bytes."""
        marks, depths = self._scanner.scan(data)
        closing = np.flatnonzero(depths == 0)
        end = int(marks[closing[0]]) if len(closing) else None
        commas = marks[(depths == 1) & (view(data)[marks] == COMMA)]
        return commas if end is None else commas[commas < end], end

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
