"""A file, or the beginning of one, that is read several times."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, Self

from waybill.binary.reading import read_binary
from waybill.binary.recognise import binary_format
from waybill.binary.source import BytesSource, Source
from waybill.contract.model import Contract
from waybill.records.block import Block
from waybill.records.chunking import ChunkRange
from waybill.records.compression import Limits
from waybill.records.layout import Layout
from waybill.records.reading import read_records

WHOLE_ELSEWHERE = "POST /samples a larger one."
"""Advice for files of which a beginning is not enough."""
_HEAD_BYTES = 1024 * 1024


class Bounds(NamedTuple):
    """Where reading ends, if the file does not end before."""

    records: int = 1_000_000_000
    text_bytes: int = 1 << 40


class MemberOf(NamedTuple):
    """What is known of a file of an archive."""

    name: str = ""
    notes: tuple[str, ...] = ()
    is_one_of_more: bool = False
    """Whether other files of the archive are not read."""


class FileSample:
    """The bytes of a file; with `whole` they are all of it, and `source` reads any of them."""

    def __init__(
        self,
        open_file: Callable[[], Iterable[bytes]],
        *,
        whole: bool,
        bounds: Bounds | None = None,
        source: Source | None = None,
        member: MemberOf | None = None,
    ) -> None:
        self._open = open_file
        self.source = source
        self.bounds = bounds or Bounds()
        self.member = member or MemberOf()
        self.whole = whole
        self.head = b""
        self.head_is_whole = whole
        for piece in open_file():
            self.head += piece
            if len(self.head) > _HEAD_BYTES:
                self.head, self.head_is_whole = self.head[:_HEAD_BYTES], False
                break
        self.binary_format = binary_format(self.head, source)
        """The format of a file of typed values; None of a text."""
        self._ends = whole and not self.member.is_one_of_more
        self.is_complete = self._ends
        """Whether the last reading reached the end of the file."""

    @classmethod
    def of_bytes(cls, data: bytes, *, whole: bool, bounds: Bounds | None = None) -> Self:
        """A file, or its beginning, in memory."""
        source = BytesSource(data) if whole else None
        return cls(lambda: iter([data]), whole=whole, bounds=bounds, source=source)

    def blocks(self, layout: Layout, contract: Contract) -> Iterator[Block]:
        """The records, up to the bounds; without the one that the bytes end in, unless whole.

        Raises:
            Rejected: `decompression-limit`, `corrupt-file`, `unsupported-file` or `broken-json`.
        """
        self.is_complete = self._ends
        records = length = 0
        for block in self._records(layout, contract):
            yield block
            records += block.record_count
            length += len(block.data) + sum(texts.nbytes for texts in block.texts)
            if records >= self.bounds.records or length >= self.bounds.text_bytes:
                self.is_complete = False
                return

    def _records(self, layout: Layout, contract: Contract) -> Iterator[Block]:
        limits = Limits(self.bounds.text_bytes * 2)
        if layout.is_binary and self.source is not None:
            part = ChunkRange(0, self.source.size, layout.first_line)
            return read_binary(self.source, layout, contract, part, limits)
        skipped = 0 if layout.is_stream else layout.data_offset
        return read_records(
            _after(skipped, self._open()),
            layout,
            layout.first_line,
            limits=limits,
            is_cut=not self.whole,
        )


def _after(offset: int, pieces: Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        yield piece[offset:]
        offset = max(offset - len(piece), 0)
