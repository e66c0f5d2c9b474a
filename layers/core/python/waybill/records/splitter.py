"""Cuts a stream of bytes into blocks of whole records, with exact lines, in constant memory."""

from collections import deque
from collections.abc import Iterable, Iterator

import numpy as np

from waybill.records.block import Block, Boundaries
from waybill.records.grammar import RAW_LIMIT, RECORD_LIMIT
from waybill.records.lines import count_line_ends, line_end_from, physical_lines
from waybill.records.overlong import first_record
from waybill.records.quotes import join_lines

_SMALLEST_PIECE = 1024 * 1024


class RecordSplitter:
    """Holds what of a stream is not yet a whole record: never more than a record and a block.

    The stream begins outside quotes, at the start of a physical line.
    """

    def __init__(
        self,
        delimiter: str,
        *,
        first_line: int = 1,
        limit: int = RECORD_LIMIT,
        raw_limit: int = RAW_LIMIT,
    ) -> None:
        self._delimiter = ord(delimiter)
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

    def feed(self, data: bytes) -> Iterator[Block]:
        """Take the next bytes; blocks of the records that they complete."""
        return self._take(data, final=False)

    def skim(self, data: bytes) -> bool:
        """Pass over the next bytes and only count; False, and nothing done, if that cannot be.

        It can where no quote stands and no record is near the limit: every line ends a record.
        """
        buffer = self._carry + data
        if self._skipping or len(buffer) > self._limit or b'"' in buffer or data[-1:] == b"\r":
            return False
        end = max(buffer.rfind(b"\n"), buffer.rfind(b"\r")) + 1
        self.line += count_line_ends(buffer[:end])
        self.consumed += end
        self._carry = buffer[end:]
        return True

    def finish(self) -> Iterator[Block]:
        """The stream has ended: what is left."""
        return self._take(b"", final=True)

    def _take(self, data: bytes, *, final: bool) -> Iterator[Block]:
        # After an over-long record a lot may have piled up: it is cut piece by piece again.
        size = min(self._limit, max(len(data), _SMALLEST_PIECE))
        pieces = deque(_slices(data, size) or [b""])
        while pieces:
            last = final and len(pieces) == 1
            buffer, self._carry = self._carry + pieces.popleft(), b""
            if self._skipping:
                buffer = self._skip(buffer, final=last)
                if self._skipping:
                    continue
            if not last and buffer.endswith(b"\r"):
                # Whether a LF follows decides where the line ends.
                buffer, self._carry = buffer[:-1], b"\r"
            if len(buffer) > self._limit:
                block, rest = self._over(buffer)
                again = rest + self._carry
                self._carry = b""
                pieces.extendleft(reversed(_slices(again, size)))
                if last and not pieces:
                    pieces.append(b"")
            else:
                block = self._whole(buffer, final=last)
            yield block

    def _skip(self, buffer: bytes, *, final: bool) -> bytes:
        """Drop the rest of a line that an over-long record left behind."""
        stop, end = line_end_from(buffer, 0) or (len(buffer), len(buffer))
        if stop == len(buffer):
            self.consumed += stop
            return b""
        if buffer[stop:] == b"\r" and not final:
            self.consumed += stop
            self._carry = b"\r"
            return b""
        self._skipping = False
        self.line += 1
        self.consumed += end
        return buffer[end:]

    def _over(self, buffer: bytes) -> tuple[Block, bytes]:
        found = first_record(buffer, self._delimiter, self._limit, self._raw_limit)
        self._skipping = found.resume is None
        resume = len(buffer) if found.resume is None else found.resume
        # A blank line is no record, whatever comes after it.
        count = int(found.kept > 0)
        line = np.full(count, self.line, np.int64)
        self.line += found.lines
        self.consumed += resume
        here = np.zeros(int(not self._skipping), np.int64)
        block = Block(
            buffer[: found.kept],
            np.zeros(count, np.int64),
            np.full(count, found.kept, np.int64),
            line,
            np.full(count, found.fault, np.uint8),
            Boundaries(here + self.consumed, here + self.line),
        )
        return block, buffer[resume:]

    def _whole(self, buffer: bytes, *, final: bool) -> Block:
        lines = physical_lines(buffer, final=final)
        joined = join_lines(buffer, lines, self._delimiter, final=final)
        end = int(lines.nexts[joined.lines - 1]) if joined.lines else 0
        starts, stops = lines.starts[joined.first], lines.stops[joined.last]
        numbers = joined.first + self.line
        filled = stops > starts
        boundaries = Boundaries(
            np.append(starts, end) + self.consumed,
            np.append(numbers, self.line + joined.lines),
        )
        self._carry = buffer[end:] + self._carry
        self.line += joined.lines
        self.consumed += end
        return Block(
            buffer[:end],
            starts[filled],
            stops[filled],
            numbers[filled],
            joined.faults[filled],
            boundaries,
        )


def _slices(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def cut(blocks: Iterable[bytes], cutter: RecordSplitter) -> Iterator[Block]:
    """Blocks of whole records of a stream, whose blocks may end anywhere."""
    for data in blocks:
        yield from cutter.feed(data)
    yield from cutter.finish()
