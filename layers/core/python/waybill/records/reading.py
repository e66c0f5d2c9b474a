"""From the bytes of an object, or of a chunk of it, to blocks of records in UTF-8."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from waybill.records.block import Block
from waybill.records.compression import Limits, unpacked
from waybill.records.encodings import is_wide, narrowed, rewritten
from waybill.records.json_array import ArrayCutter
from waybill.records.json_lines import LinesCutter
from waybill.records.layout import Layout
from waybill.records.splitter import RecordSplitter


class AnyCutter(Protocol):
    """What a cutter of any format does; see `RecordSplitter`."""

    consumed: int
    line: int

    @property
    def held(self) -> int: ...  # noqa: D102 - see RecordSplitter

    def skim(self, data: bytes, /) -> bool: ...  # noqa: D102 - see RecordSplitter

    def feed(self, data: bytes) -> Iterator[Block]: ...  # noqa: D102 - see RecordSplitter

    def finish(self) -> Iterator[Block]: ...  # noqa: D102 - see RecordSplitter


def splitter_for(layout: Layout, first_line: int, *, last: bool = True) -> AnyCutter:
    """The cutter of the layout's format; `last` says that the stream is the end of the file."""
    if layout.file_format == "json-lines":
        return LinesCutter(first_line=first_line)
    if layout.file_format == "json-array":
        return ArrayCutter(first_line=first_line, ends=last)
    return RecordSplitter(layout.delimiter, first_line=first_line)


def text_of(
    blocks: Iterable[bytes], layout: Layout, limits: Limits | None = None
) -> Iterator[bytes]:
    """The text that an object's bytes hold: unpacked, and UTF-16 as UTF-8.

    Raises:
        Rejected: `decompression-limit` or `corrupt-file`.
    """
    text = iter(blocks)
    if layout.compression:
        text = unpacked(text, layout.compression, limits)
    return narrowed(text, layout.encoding) if is_wide(layout.encoding) else text


def records_of(
    blocks: Iterable[bytes],
    layout: Layout,
    first_line: int,
    *,
    last: bool = True,
    limits: Limits | None = None,
) -> Iterator[Block]:
    """Blocks of the records of a chunk, given its bytes in blocks that may end anywhere.

    Of a stream (see `Layout.is_stream`) the bytes are those of the whole object, else those from
    the chunk's first record on.

    Raises:
        Rejected: `decompression-limit`, `corrupt-file` or `broken-json`.
    """
    if layout.is_stream:
        blocks = _from(text_of(blocks, layout, limits), layout.data_offset)
    cutter = splitter_for(layout, first_line, last=last)
    for data in blocks:
        for block in cutter.feed(data):
            yield rewritten(block, layout.encoding)
    for block in cutter.finish():
        yield rewritten(block, layout.encoding)


def _from(text: Iterator[bytes], offset: int) -> Iterator[bytes]:
    """The text from an offset on."""
    for data in text:
        yield data[offset:]
        offset = max(offset - len(data), 0)
