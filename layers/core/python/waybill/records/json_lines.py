r"""Cuts JSON Lines into blocks of records: a record is what stands between two line feeds.

A line break inside a string is written `\n` in JSON, so that quotes need not be looked at. A
line of blanks is no record. A line beyond the limit is a reject of which the beginning is kept.
"""

from collections.abc import Iterator

import numpy as np

from waybill.records.block import Block, Boundaries, view
from waybill.records.grammar import LF, RAW_LIMIT, RECORD_LIMIT, Fault
from waybill.records.trimming import trimmed


class LinesCutter:
    """Holds what of a stream is not yet a whole line: never more than a record and a block."""

    def __init__(
        self, *, first_line: int = 1, limit: int = RECORD_LIMIT, raw_limit: int = RAW_LIMIT
    ) -> None:
        self._limit = limit
        self._raw_limit = raw_limit
        self._carry = b""
        self._skipping = False
        self.line = first_line
        """Physical line at the first byte that is not consumed."""
        self.consumed = 0
        """Bytes of the stream that are consumed."""

    @property
    def held(self) -> int:
        """Bytes that wait for more."""
        return len(self._carry)

    def skim(self, data: bytes) -> bool:
        """Pass over the next bytes and only count; False, and nothing done, if that cannot be."""
        buffer = self._carry + data
        if self._skipping or len(buffer) > self._limit:
            return False
        end = buffer.rfind(b"\n") + 1
        self.line += buffer.count(b"\n", 0, end)
        self.consumed += end
        self._carry = buffer[end:]
        return True

    def feed(self, data: bytes) -> Iterator[Block]:
        """Take the next bytes; blocks of the records that they complete."""
        buffer, self._carry = self._carry + data, b""
        if self._skipping:
            buffer = self._skip(buffer)
        end = buffer.rfind(b"\n") + 1
        if end:
            yield self._block(buffer[:end])
        rest = buffer[end:]
        # Its line may still end in a CR, which is not counted.
        if len(rest) > self._limit + 1:
            yield self._block(rest, ends=False)
            self._skipping = True
        else:
            self._carry = rest

    def finish(self) -> Iterator[Block]:
        """The stream has ended: what is left."""
        buffer, self._carry = self._carry, b""
        if buffer:
            yield self._block(buffer)

    def _skip(self, buffer: bytes) -> bytes:
        """Drop the rest of a line that is too long."""
        end = buffer.find(b"\n") + 1
        self.consumed += end or len(buffer)
        if not end:
            return b""
        self._skipping = False
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
