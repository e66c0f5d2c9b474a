"""Split JSON objects that follow each other, each over one or several lines.

A record ends where its brackets are balanced. Records are numbered as the elements of an array
are, since objects may share a line and the merge tells the records of a file apart by number. A
record that is not valid JSON becomes a reject later, when it is parsed. The file fails if its
last record is not balanced, or if a bracket is closed that was not opened.
"""

from collections.abc import Iterator

import numpy as np

from waybill.errors import Rejected
from waybill.records.block import Block, Boundaries, Positions, view
from waybill.records.grammar import RAW_LIMIT, RECORD_LIMIT, Fault
from waybill.records.json_scanner import COMMA, JsonScanner
from waybill.records.trimming import BLANKS, trimmed


class JsonObjectsSplitter:
    """Splits balanced records; buffers at most one record and one block."""

    def __init__(
        self, *, first_line: int = 1, limit: int = RECORD_LIMIT, raw_limit: int = RAW_LIMIT
    ) -> None:
        self._scanner = JsonScanner(depth=0)
        self._limit = limit
        self._raw_limit = raw_limit
        self._carry = b""
        self._dropped = 0
        self.line = first_line
        """Number, from 1, of the record at the first byte not consumed."""
        self.consumed = 0
        """Bytes of the stream consumed."""

    @property
    def buffered(self) -> int:
        """Bytes received but not consumed."""
        return len(self._carry) + self._dropped

    def skip(self, _data: bytes) -> bool:
        """Not supported: always False."""
        return False

    def feed(self, data: bytes) -> Iterator[Block]:
        """Take the next bytes and yield blocks of the records they complete.

        Raises:
            Rejected: `broken-json`, a bracket is closed that was not opened, or a comma is
                between two objects.
        """
        marks, depths = self._scanner.scan(data)
        if (depths < 0).any():
            raise _broken("a bracket is closed that was not opened", self.line)
        between = depths == 0
        commas = view(data)[marks] == COMMA
        if (between & commas).any():
            raise _broken("a comma separates objects that are not in an array", self.line)
        stops = marks[between] + 1
        if len(stops):
            yield self._block(data, stops)
        self._keep(data[int(stops[-1]) :] if len(stops) else data)

    def finish(self) -> Iterator[Block]:
        """End the stream.

        Raises:
            Rejected: `broken-json`, the last record is not complete.
        """
        if self._carry.strip(BLANKS):
            raise _broken("the end is missing", self.line)
        self.consumed += self.buffered
        self._carry, self._dropped = b"", 0
        yield from ()

    def _keep(self, rest: bytes) -> None:
        # Keep the beginning of an over-long record and count the rest.
        room = max(self._limit + 1 - len(self._carry), 0)
        self._carry += rest[:room]
        self._dropped += len(rest[room:])

    def _block(self, data: bytes, stops: Positions) -> Block:
        kept = len(self._carry)
        buffer = self._carry + data[: int(stops[-1])]
        ends = stops + kept
        begins = np.append(0, ends[:-1])
        starts, ends = trimmed(buffer, begins, ends)
        lengths = ends - starts
        lengths[0] += self._dropped
        numbers = np.arange(len(stops) + 1) + self.line
        long = lengths > self._limit
        ends = np.where(long, starts + np.minimum(self._raw_limit, ends - starts), ends)
        positions = np.append(0, stops + kept + self._dropped) + self.consumed
        boundaries = Boundaries(positions, numbers)
        faults = np.where(long, Fault.RECORD_TOO_LONG, Fault.OK).astype(np.uint8)
        self._carry, self._dropped = b"", 0
        self.line, self.consumed = int(numbers[-1]), int(positions[-1])
        return Block(buffer, starts, ends, numbers[:-1], faults, boundaries)


def _broken(what: str, number: int) -> Rejected:
    return Rejected("broken-json", f"The JSON objects are malformed in object {number}: {what}.")
