"""The beginning of a text file, and its first records."""

import re
from functools import cache
from itertools import chain
from typing import NamedTuple

from waybill.records.block import Block
from waybill.records.encodings import Encoding, to_utf8
from waybill.records.escapes import as_written, shadow, unescaped
from waybill.records.fields import quote_escaped_outside
from waybill.records.grammar import Fault
from waybill.records.lines import count_line_ends
from waybill.records.marks import Marks
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

    def records(self, marks: Marks, limit: int = SAMPLE_RECORDS) -> list[HeadRecord]:
        """The first records, split with these marks."""
        splitter = RecordSplitter(marks)
        records: list[HeadRecord] = []
        offset = 0
        for block in chain(splitter.feed(self.data), splitter.finish() if self.whole else ()):
            # Offsets refer to the original text, cells to its UTF-8.
            text = to_utf8(block, self.encoding)
            settled = text._replace(data=shadow(text.data, marks))
            block.faults[quote_escaped_outside(text, settled, marks)] = Fault.QUOTE_IN_FIELD
            for at in range(min(block.record_count, limit - len(records))):
                record = _record(block, text, at, marks)
                records.append(record._replace(end=min(offset + record.end, len(self.data))))
            offset += len(block.data)
            if len(records) == limit:
                break
        return records


def first_cells(text: Head, marks: Marks) -> tuple[str, ...]:
    """The first complete fields of a first record that is longer than the head."""
    decoded, _ = _decode(text.data[:_FIRST_BYTES])
    return _fields(decoded, marks)[:-1]


def _record(block: Block, text: Block, at: int, marks: Marks) -> HeadRecord:
    start, stop, line = (int(part[at]) for part in (block.starts, block.stops, block.lines))
    ending = 2 if block.data[stop : stop + 2] == b"\r\n" else 1
    raw = text.data[int(text.starts[at]) : int(text.stops[at])]
    is_well_formed = block.faults[at] == Fault.OK
    decoded, is_utf8 = _decode(raw)
    return HeadRecord(
        _fields(decoded, marks) if is_well_formed else _pieces(decoded, marks),
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


def _fields(text: str, marks: Marks) -> tuple[str, ...]:
    fields = _field_pattern(marks).findall(shadow(text.encode(), marks))
    return tuple(_unquoted(field, marks).strip() for field in fields)


@cache
def _field_pattern(marks: Marks) -> re.Pattern[bytes]:
    end, quote = re.escape(marks.delimiter), re.escape(marks.quote or "")
    field = f"[^{quote}{end}]*"
    if quote:
        field = f"{quote}(?:[^{quote}]|{quote}{quote})*+{quote}|{field}"
    return re.compile(rf"(?:^|{end})({field})".encode())


def _unquoted(field: bytes, marks: Marks) -> str:
    quote = (marks.quote or "").encode()
    if quote and field.startswith(quote):
        field = field[1:-1].replace(2 * quote, quote)
    elif marks.escapes_in_quotes:
        return as_written(field, marks).decode()
    return unescaped(field, marks).decode()


def _pieces(text: str, marks: Marks) -> tuple[str, ...]:
    pieces = text.split(marks.delimiter)
    return tuple(piece.strip().strip(marks.quote or "").strip() for piece in pieces)
