"""A file, or the beginning of one, that is read several times."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from waybill.records.block import Block
from waybill.records.compression import Limits
from waybill.records.layout import Layout
from waybill.records.reading import read_records

_HEAD_BYTES = 1024 * 1024


class Bounds(NamedTuple):
    """Where reading ends, if the file does not end before."""

    records: int = 1_000_000_000
    text_bytes: int = 1 << 40


class FileSample:
    """The bytes of a file; with `whole` they are all of it."""

    def __init__(
        self,
        open_file: Callable[[], Iterable[bytes]],
        *,
        whole: bool,
        bounds: Bounds | None = None,
    ) -> None:
        self._open = open_file
        self._bounds = bounds or Bounds()
        self.whole = whole
        self.head = b""
        self.head_is_whole = whole
        for piece in open_file():
            self.head += piece
            if len(self.head) > _HEAD_BYTES:
                self.head, self.head_is_whole = self.head[:_HEAD_BYTES], False
                break
        self.is_complete = whole
        """Whether the last reading reached the end of the file."""

    def blocks(self, layout: Layout) -> Iterator[Block]:
        """The records, up to the bounds; without the one that the bytes end in, unless whole.

        Raises:
            Rejected: `decompression-limit`, `corrupt-file` or `broken-json`.
        """
        self.is_complete = self.whole
        skipped = 0 if layout.is_stream else layout.data_offset
        limits = Limits(self._bounds.text_bytes * 2)
        records = length = 0
        for block in read_records(
            _after(skipped, self._open()),
            layout,
            layout.first_line,
            limits=limits,
            is_cut=not self.whole,
        ):
            yield block
            records += block.record_count
            length += len(block.data)
            if records >= self._bounds.records or length >= self._bounds.text_bytes:
                self.is_complete = False
                return


def _after(offset: int, pieces: Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        yield piece[offset:]
        offset = max(offset - len(piece), 0)
