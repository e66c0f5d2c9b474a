"""The beginning of a text file, and its first records."""

import re
from itertools import chain
from typing import NamedTuple

from waybill.records.block import Block
from waybill.records.encodings import Encoding, to_utf8
from waybill.records.grammar import Fault
from waybill.records.lines import count_line_ends
from waybill.records.splitter import RecordSplitter

SAMPLE_RECORDS = 50
_FIRST_BYTES = 64 * 1024


class HeadRecord(NamedTuple):
    """A record of the head."""

    cells: tuple[str, ...]
    """Its trimmed fields; of a malformed record, its text split at the delimiters."""
    is_well_formed: bool
    is_utf8: bool
    """If not, the cells are decoded as windows-1252."""
    line: int
    """Physical line on which it starts."""
    end: int
    """Offset of the first byte after its line ending."""
    next_line: int
    """Physical line at `end`."""

    @property
    def is_blank(self) -> bool:
        """Whether all its fields are empty."""
        return not any(self.cells)


class Head(NamedTuple):
    """The beginning of the text of a file, after its byte order mark."""

    data: bytes
    encoding: Encoding
    whole: bool
    """Whether it is the whole text."""

    def records(self, delimiter: str, limit: int = SAMPLE_RECORDS) -> list[HeadRecord]:
        """The first records, split with this delimiter."""
        splitter = RecordSplitter(delimiter)
        records: list[HeadRecord] = []
        offset = 0
        for block in chain(splitter.feed(self.data), splitter.finish() if self.whole else ()):
            # Offsets refer to the original text, cells to its UTF-8.
            text = to_utf8(block, self.encoding)
            for at in range(min(block.record_count, limit - len(records))):
                record = _record(block, text, at, delimiter)
                records.append(record._replace(end=min(offset + record.end, len(self.data))))
            offset += len(block.data)
            if len(records) == limit:
                break
        return records


def first_cells(text: Head, delimiter: str) -> tuple[str, ...]:
    """The first complete fields of a first record that is longer than the head."""
    decoded, _ = _decode(text.data[:_FIRST_BYTES])
    return _fields(decoded, delimiter)[:-1]


def _record(block: Block, text: Block, at: int, delimiter: str) -> HeadRecord:
    start, stop, line = (int(part[at]) for part in (block.starts, block.stops, block.lines))
    ending = 2 if block.data[stop : stop + 2] == b"\r\n" else 1
    raw = text.data[int(text.starts[at]) : int(text.stops[at])]
    is_well_formed = block.faults[at] == Fault.OK
    decoded, is_utf8 = _decode(raw)
    return HeadRecord(
        _fields(decoded, delimiter) if is_well_formed else _pieces(decoded, delimiter),
        bool(is_well_formed),
        is_utf8,
        line,
        stop + ending,
        line + count_line_ends(block.data[start:stop]) + 1,
    )


def _decode(raw: bytes) -> tuple[str, bool]:
    try:
        return raw.decode(), True
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace"), False


def _fields(text: str, delimiter: str) -> tuple[str, ...]:
    mark = re.escape(delimiter)
    fields = re.findall(rf'(?:^|{mark})("(?:[^"]|"")*+"|[^"{mark}]*)', text)
    return tuple(_unquoted(field).strip() for field in fields)


def _unquoted(field: str) -> str:
    return field[1:-1].replace('""', '"') if field.startswith('"') else field


def _pieces(text: str, delimiter: str) -> tuple[str, ...]:
    return tuple(piece.strip().strip('"').strip() for piece in text.split(delimiter))
