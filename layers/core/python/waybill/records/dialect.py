"""Choose the delimiter: the client's, the contract's, or the one that fits the head of the file."""

import re
from itertools import islice
from typing import NamedTuple

from waybill.contract.model import Contract
from waybill.errors import BadRequest
from waybill.records.encodings import Encoding, to_utf8
from waybill.records.grammar import Fault
from waybill.records.header import find_column, is_header, is_name
from waybill.records.layout import check_delimiter
from waybill.records.lines import count_line_ends
from waybill.records.splitter import RecordSplitter

_CANDIDATES = ",;\t|"
_WORDS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
_SAMPLE_RECORDS = 50


class Dialect(NamedTuple):
    """The delimiter, and warnings about the choice."""

    delimiter: str
    warnings: tuple[str, ...] = ()


class HeadRecord(NamedTuple):
    """A record of the head."""

    cells: list[str] | None
    """Its fields, trimmed; None if it is malformed or not UTF-8."""
    end: int
    """HeadRecord byte after it and its line ending."""
    next_line: int
    """Physical line at `end`."""


def sniff_delimiter(text: "Head", contract: Contract, requested: str | None) -> Dialect:
    """The delimiter of the file that begins with the text.

    Unless the client or the contract sets it, it is the one with which the first records have the
    contract's fields or its header. The default is a comma.

    Raises:
        BadRequest: `bad-delimiter`.
    """
    declared = requested or contract.delimiter
    if declared:
        try:
            return Dialect(check_delimiter(declared))
        except ValueError as error:
            raise BadRequest("bad-delimiter", f"{error}.") from error
    read = {mark: text.records(mark) for mark in _CANDIDATES}
    named = [mark for mark, records in read.items() if _has_header(records, contract)]
    fitting = named or [mark for mark, records in read.items() if _fits(records, contract)]
    if len(fitting) == 1:
        return Dialect(fitting[0])
    # If no candidate splits anything, there is nothing to choose.
    if not read[","] or ("," in fitting and all(_single(read[mark]) for mark in fitting)):
        return Dialect(",")
    fit = ", ".join(_WORDS[mark] for mark in fitting)
    why = f"{fit} all fit the first records" if fitting else "no delimiter fits the first records"
    return Dialect(",", (f"Read with commas, though {why}: name the delimiter to be sure.",))


def _single(records: list[HeadRecord]) -> bool:
    return all(record.cells is None or len(record.cells) == 1 for record in records)


def _has_header(records: list[HeadRecord], contract: Contract) -> bool:
    """Whether the first record is a header that names a column of the contract."""
    cells = records[0].cells if records and not contract.document else None
    known = any(find_column(cell, contract) for cell in cells or ())
    return known and is_header(cells, contract)


def _fits(records: list[HeadRecord], contract: Contract) -> bool:
    parsed = [record.cells for record in records if record.cells is not None]
    if contract.document:
        return len(parsed) > 0 and parsed[0] == records[0].cells and _is_table(parsed)
    expected = len(contract.columns)
    return 2 * sum(len(cells) == expected for cells in parsed) > len(records)


def _is_table(parsed: list[list[str]]) -> bool:
    """Whether the first record has several names, and most records as many fields."""
    names = parsed[0]
    if len(names) < 2 or len(set(names)) < len(names) or not all(map(is_name, names)):
        return False
    return 2 * sum(len(cells) == len(names) for cells in parsed) > len(parsed)


class Head(NamedTuple):
    """The beginning of the text of a file, after its byte order mark."""

    data: bytes
    encoding: Encoding
    whole: bool
    """Whether it is the whole text."""

    def records(self, delimiter: str, most: int = _SAMPLE_RECORDS) -> list[HeadRecord]:
        """The first records, split with this delimiter."""
        splitter = RecordSplitter(delimiter)
        blocks = [*splitter.feed(self.data), *(splitter.finish() if self.whole else ())]
        found: list[HeadRecord] = []
        for block in (block for block in blocks if block.record_count):
            # Offsets refer to the original text, cells to its UTF-8.
            text = to_utf8(block, self.encoding)
            for at in islice(range(block.record_count), most - len(found)):
                stop = int(block.stops[at])
                ending = 2 if block.data[stop : stop + 2] == b"\r\n" else 1
                line_ends = count_line_ends(block.data[int(block.starts[at]) : stop])
                raw = text.data[int(text.starts[at]) : int(text.stops[at])]
                well_formed = block.faults[at] == Fault.OK
                cells = _cells(raw, delimiter) if well_formed else None
                end = min(stop + ending, len(self.data))
                found.append(HeadRecord(cells, end, int(block.lines[at]) + line_ends + 1))
        return found


def _cells(raw: bytes, delimiter: str) -> list[str] | None:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return None
    mark = re.escape(delimiter)
    fields = re.findall(rf'(?:^|{mark})("(?:[^"]|"")*"|[^"{mark}]*)', text)
    return [_unquoted(field).strip() for field in fields]


def _unquoted(field: str) -> str:
    return field[1:-1].replace('""', '"') if field.startswith('"') else field
