r"""Split JSON Lines into blocks of records, one per line.

JSON strings write a line break as `\n`, so quotes can be ignored. Blank lines are skipped. A line
that exceeds the limit is a reject that keeps only its beginning.
"""

from collections.abc import Iterator

import numpy as np

from waybill.records.block import Block, Boundaries, view
from waybill.records.grammar import LF, RAW_LIMIT, RECORD_LIMIT, Fault
from waybill.records.trimming import trimmed


class JsonLinesSplitter:
    """Splits lines; buffers at most one record and one block."""

    def __init__(
        self, *, first_line: int = 1, limit: int = RECORD_LIMIT, raw_limit: int = RAW_LIMIT
    ) -> None:
        self._limit = limit
        self._raw_limit = raw_limit
        self._carry = b""
        self._dropping_line = False
        self.line = first_line
        """Physical line at the first byte not consumed."""
        self.consumed = 0
        """Bytes of the stream consumed."""

    @property
    def buffered(self) -> int:
        """Bytes received but not consumed."""
        return len(self._carry)

    def skip(self, data: bytes) -> bool:
        """Skip the next bytes and only count lines; False, without effect, if not possible."""
        buffer = self._carry + data
        if self._dropping_line or len(buffer) > self._limit:
            return False
        end = buffer.rfind(b"\n") + 1
        self.line += buffer.count(b"\n", 0, end)
        self.consumed += end
        self._carry = buffer[end:]
        return True

    def feed(self, data: bytes) -> Iterator[Block]:
        """Take the next bytes and yield blocks of the records they complete."""
        buffer, self._carry = self._carry + data, b""
        if self._dropping_line:
            buffer = self._drop_line(buffer)
        end = buffer.rfind(b"\n") + 1
        if end:
            yield self._block(buffer[:end])
        rest = buffer[end:]
        # A trailing CR may belong to the line ending and does not count.
        if len(rest) > self._limit + 1:
            yield self._block(rest, ends=False)
            self._dropping_line = True
        else:
            self._carry = rest

    def finish(self) -> Iterator[Block]:
        """End the stream and yield the rest."""
        buffer, self._carry = self._carry, b""
        if buffer:
            yield self._block(buffer)

    def _drop_line(self, buffer: bytes) -> bytes:
        """Drop the rest of an over-long line."""
        end = buffer.find(b"\n") + 1
        self.consumed += end or len(buffer)
        if not end:
            return b""
        self._dropping_line = False
        self.line += 1
        return buffer[end:]

    def _block(self, data: bytes, *, ends: bool = True) -> Block:
        breaks = np.flatnonzero(view(data) == LF)
        nexts = breaks + 1
        if not len(nexts) or nexts[-1] < len(data):
            breaks, nexts = np.append(breaks, len(data)), np.append(nexts, len(data))
        begins = np.append(0, nexts[:-1])
        starts, stops = trimmed(data, begins, breaks)
        numbers = np.arange(len(begins)) + self.line
        positions = np.append(begins, nexts[-1:] if ends else begins[:0]) + self.consumed
        lines = np.append(numbers, numbers[-1:] + 1 if ends else numbers[:0])
        self.line += len(begins) if ends else 0
        self.consumed += len(data)
        filled = stops > starts
        long = stops - starts > self._limit
        stops = np.where(long, starts + self._raw_limit, stops)
        faults = np.where(long, Fault.RECORD_TOO_LONG, Fault.OK).astype(np.uint8)
        boundaries = Boundaries(positions, lines)
        return Block(
            data, starts[filled], stops[filled], numbers[filled], faults[filled], boundaries
        )
