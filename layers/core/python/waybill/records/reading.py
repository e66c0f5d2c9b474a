"""Read the bytes of an object, or of one chunk, as blocks of records in UTF-8."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple, Protocol

from waybill.records.blank import without_blank_records
from waybill.records.block import EMPTY_BLOCK, Block, limited, resized
from waybill.records.compression import Limits, decompressed
from waybill.records.encodings import is_utf16, to_utf8, utf16_to_utf8
from waybill.records.json_array import JsonArraySplitter
from waybill.records.json_lines import JsonLinesSplitter
from waybill.records.json_objects import JsonObjectsSplitter
from waybill.records.layout import Layout
from waybill.records.splitter import RecordSplitter

BLOCK_BYTES = 1024 * 1024
"""Bytes that are split at once."""
# Bounds the memory of checks and rejects where records are short.
_BLOCK_RECORDS = 32_768


class TextRange(NamedTuple):
    """A part of a stream's text that begins and ends where a record does; up to the end if None."""

    begin: int
    end: int | None = None


class Splitter(Protocol):
    """The interface of the splitters of all formats; see `RecordSplitter`."""

    consumed: int
    line: int

    @property
    def buffered(self) -> int: ...  # noqa: D102 - see RecordSplitter

    def skip(self, data: bytes, /) -> bool: ...  # noqa: D102 - see RecordSplitter

    def feed(self, data: bytes) -> Iterator[Block]: ...  # noqa: D102 - see RecordSplitter

    def finish(self) -> Iterator[Block]: ...  # noqa: D102 - see RecordSplitter


def splitter_for(layout: Layout, first_line: int, *, last: bool = True) -> Splitter:
    """The splitter for the layout's format; with `last`, the stream reaches the end of the file."""
    if layout.file_format == "json-lines":
        return JsonLinesSplitter(first_line=first_line)
    if layout.file_format == "json-array":
        return JsonArraySplitter(first_line=first_line, ends=last)
    if layout.file_format == "json-objects":
        return JsonObjectsSplitter(first_line=first_line)
    return RecordSplitter(layout.marks, first_line=first_line)


def read_text(
    blocks: Iterable[bytes], layout: Layout, limits: Limits | None = None, *, whole: bool = True
) -> Iterator[bytes]:
    """The text of an object: decompressed, and UTF-16 converted to UTF-8.

    With `whole`, a compressed object that is truncated is an error.

    Raises:
        Rejected: `decompression-limit` or `corrupt-file`.
    """
    text = iter(blocks)
    if layout.compression:
        text = decompressed(text, layout.compression, limits, whole=whole)
    return utf16_to_utf8(text, layout.encoding) if is_utf16(layout.encoding) else text


def read_records(  # noqa: PLR0913 - what the plan says of a chunk
    blocks: Iterable[bytes],
    layout: Layout,
    first_line: int,
    *,
    last: bool = True,
    limits: Limits | None = None,
    is_cut: bool = False,
) -> Iterator[Block]:
    """Yield the records of a chunk, given its bytes in pieces of any size.

    With `is_cut` the bytes may end anywhere, and the record that they end in is left out.

    For a stream (`Layout.is_stream`) the bytes are the whole object; otherwise they start at the
    chunk's first record.

    Raises:
        Rejected: `decompression-limit`, `corrupt-file` or `broken-json`.
    """
    if layout.is_stream:
        blocks = _from(read_text(blocks, layout, limits, whole=not is_cut), layout.data_offset)
    splitter = splitter_for(layout, first_line, last=last and not is_cut)
    yield from _finished(_split(blocks, splitter, is_cut=is_cut), layout)


def read_part(
    blocks: Iterable[bytes],
    layout: Layout,
    first_line: int,
    part: TextRange,
    limits: Limits | None = None,
) -> Iterator[Block]:
    """Yield the records of a part of a stream, given the bytes of the whole object.

    While the text before it is read, blocks without records are yielded, to show progress.

    Raises:
        Rejected: as `read_records`.
    """
    text = read_text(blocks, layout, limits)
    reached = 0
    first = b""
    while reached < part.begin and (data := next(text, None)) is not None:
        first = data[part.begin - reached :]
        reached += len(data)
        yield EMPTY_BLOCK
    length = None if part.end is None else part.end - part.begin
    rest = _until(chain([first], text), length)
    splitter = splitter_for(layout, first_line, last=part.end is None)
    yield from _finished(_split(rest, splitter, is_cut=False), layout)


def _finished(blocks: Iterable[Block], layout: Layout) -> Iterator[Block]:
    """The blocks in UTF-8, not too many records in each, without blank ones."""
    for block in blocks:
        if layout.skip_blank_records:
            block = without_blank_records(block, ord(layout.delimiter))  # noqa: PLW2901
        yield from limited(to_utf8(block, layout.encoding), _BLOCK_RECORDS)


def _split(blocks: Iterable[bytes], splitter: Splitter, *, is_cut: bool) -> Iterator[Block]:
    for data in resized(blocks, BLOCK_BYTES):
        yield from splitter.feed(data)
    if not is_cut:
        yield from splitter.finish()


def _from(text: Iterator[bytes], offset: int) -> Iterator[bytes]:
    """The text after an offset."""
    for data in text:
        yield data[offset:]
        offset = max(offset - len(data), 0)


def _until(text: Iterable[bytes], length: int | None) -> Iterator[bytes]:
    """The first bytes of the text; what follows them is not read."""
    left = length
    for data in text:
        yield data[:left]
        if left is not None:
            left -= min(left, len(data))
            if not left:
                return
