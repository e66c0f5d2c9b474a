"""Split a stream of bytes into blocks of CSV records with exact line numbers."""

from collections import deque
from collections.abc import Iterable, Iterator

import numpy as np

from waybill.records.block import Block, Boundaries, Positions
from waybill.records.escapes import shadow
from waybill.records.grammar import RAW_LIMIT, RECORD_LIMIT
from waybill.records.lines import count_line_ends, line_end_from, physical_lines
from waybill.records.marks import Marks
from waybill.records.overlong import FirstRecord, first_long_record, first_record
from waybill.records.quotes import join_lines

_SMALLEST_PIECE = 1024 * 1024


class RecordSplitter:
    """Splits CSV records; buffers at most one record and one block.

    The stream must begin outside quotes, at the start of a physical line.
    """

    def __init__(
        self,
        marks: Marks,
        *,
        first_line: int = 1,
        limit: int = RECORD_LIMIT,
        raw_limit: int = RAW_LIMIT,
        long_record: int = _SMALLEST_PIECE,
    ) -> None:
        self._marks = marks
        self._long_record = long_record
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

    def feed(self, data: bytes) -> Iterator[Block]:
        """Take the next bytes and yield blocks of the records they complete."""
        return self._take(data, final=False)

    def skip(self, data: bytes) -> bool:
        """Skip the next bytes and only count lines; False, without effect, if not possible.

        Possible if there are no quotes and no record near the limit: each line is a record.
        """
        buffer = self._carry + data
        if self._dropping_line or len(buffer) > self._limit or data[-1:] == b"\r":
            return False
        settled = shadow(buffer, self._marks)
        if self._marks.quote is not None and self._marks.quote.encode() in settled:
            return False
        end = max(settled.rfind(b"\n"), settled.rfind(b"\r")) + 1
        self.line += count_line_ends(buffer[:end])
        self.consumed += end
        self._carry = buffer[end:]
        return True

    def finish(self) -> Iterator[Block]:
        """End the stream and yield the rest."""
        return self._take(b"", final=True)

    def _take(self, data: bytes, *, final: bool) -> Iterator[Block]:
        # A lot may be buffered after an over-long record; split it in pieces again.
        size = min(self._limit, max(len(data), _SMALLEST_PIECE))
        pieces = deque(_slices(data, size) or [b""])
        while pieces:
            last = final and len(pieces) == 1
            is_long = len(self._carry) > self._long_record
            piece = pieces.popleft()
            ends_no_line = b"\n" not in piece and b"\r" not in piece
            buffer, self._carry = self._carry + piece, b""
            if self._dropping_line:
                buffer = self._drop_line(buffer, final=last)
                if self._dropping_line:
                    continue
            if not last:
                buffer = self._keep_cr(buffer)
            if is_long and ends_no_line and not last and len(buffer) <= self._limit:
                self._carry = buffer + self._carry
                continue
            settled = shadow(buffer, self._marks)
            found = self._first(buffer, settled, is_long=is_long, final=last)
            if found is not None:
                again, self._carry = buffer[self._resume(buffer, found) :] + self._carry, b""
                pieces.extendleft(reversed(_slices(again, size)))
                if last and not pieces:
                    pieces.append(b"")
                block = self._single(buffer, found)
                buffer = settled = again = b""
                yield block
            elif is_long and not last:
                self._carry = buffer + self._carry
            else:
                block = self._whole(buffer, settled, final=last)
                # Not kept while the block is read: they may be long.
                buffer = settled = b""
                yield block

    def _keep_cr(self, buffer: bytes) -> bytes:
        """Carry a CR at the end: an LF may follow and belong to the same line ending."""
        if not buffer.endswith(b"\r"):
            return buffer
        self._carry = b"\r"
        return buffer[:-1]

    def _first(
        self, buffer: bytes, settled: bytes, *, is_long: bool, final: bool
    ) -> FirstRecord | None:
        """The first record if it is read alone, because it is long; None if it is not known."""
        if len(buffer) > self._limit:
            return first_record(buffer, settled, self._marks, self._limit, self._raw_limit)
        if is_long and buffer:
            return first_long_record(buffer, settled, self._marks, self._raw_limit, final=final)
        return None

    def _resume(self, buffer: bytes, found: FirstRecord) -> int:
        return len(buffer) if found.resume is None else found.resume

    def _drop_line(self, buffer: bytes, *, final: bool) -> bytes:
        """Drop the rest of the line of an over-long record."""
        stop, end = line_end_from(buffer, 0) or (len(buffer), len(buffer))
        if stop == len(buffer):
            self.consumed += stop
            return b""
        if buffer[stop:] == b"\r" and not final:
            self.consumed += stop
            self._carry = b"\r"
            return b""
        self._dropping_line = False
        self.line += 1
        self.consumed += end
        return buffer[end:]

    def _single(self, buffer: bytes, found: FirstRecord) -> Block:
        """A block of one record."""
        self._dropping_line = found.resume is None
        resume = self._resume(buffer, found)
        # A blank line is not a record.
        count = int(found.kept > 0)
        line = np.full(count, self.line, np.int64)
        self.line += found.lines
        self.consumed += resume
        here = np.zeros(int(not self._dropping_line), np.int64)
        return Block(
            buffer[: found.kept],
            np.zeros(count, np.int64),
            np.full(count, found.kept, np.int64),
            line,
            np.full(count, found.fault, np.uint8),
            Boundaries(here + self.consumed, here + self.line),
        )

    def _whole(self, buffer: bytes, settled: bytes, *, final: bool) -> Block:
        lines = physical_lines(settled, final=final)
        joined = join_lines(settled, lines, self._marks, final=final)
        end = int(lines.nexts[joined.lines - 1]) if joined.lines else 0
        starts, stops = lines.starts[joined.first], lines.stops[joined.last]
        numbers = np.append(joined.first, joined.lines) + self.line
        if settled is not buffer:
            numbers += _escaped_line_ends(buffer, settled, np.append(starts, end))
        boundaries = Boundaries(np.append(starts, end) + self.consumed, numbers)
        filled = stops > starts
        self._carry = buffer[end:] + self._carry
        self.line = int(numbers[-1])
        self.consumed += end
        return Block(
            buffer[:end],
            starts[filled],
            stops[filled],
            numbers[:-1][filled],
            joined.faults[filled],
            boundaries,
        )


def _escaped_line_ends(data: bytes, settled: bytes, positions: Positions) -> Positions:
    """The number of line endings before each of these starts of records that are escaped."""
    if count_line_ends(data) == count_line_ends(settled):
        return np.zeros_like(positions)
    every, others = (physical_lines(each, final=False).nexts for each in (data, settled))
    return np.searchsorted(every, positions, "right") - np.searchsorted(others, positions, "right")


def _slices(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def split(blocks: Iterable[bytes], splitter: RecordSplitter) -> Iterator[Block]:
    """Split a stream that comes in pieces of any size."""
    for data in blocks:
        yield from splitter.feed(data)
    yield from splitter.finish()
