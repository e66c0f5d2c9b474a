"""Finds the delimiter: the caller's, the contract's, or the one that fits the head of the file."""

import re
from itertools import islice
from typing import NamedTuple

from waybill.contract.model import Contract
from waybill.errors import BadRequest
from waybill.records.encodings import Encoding, rewritten
from waybill.records.grammar import Fault
from waybill.records.header import column_of, is_header, is_name
from waybill.records.layout import check_delimiter
from waybill.records.lines import count_line_ends
from waybill.records.splitter import RecordSplitter

_CANDIDATES = ",;\t|"
_WORDS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
_LOOKED_AT = 50


class Dialect(NamedTuple):
    """The delimiter, and what of it is in doubt."""

    delimiter: str
    warnings: tuple[str, ...] = ()


class First(NamedTuple):
    """A record of the head."""

    cells: list[str] | None
    """Its fields, trimmed; None when it is malformed or no text."""
    end: int
    """First byte after it and its line ending."""
    next_line: int
    """Physical line there."""


def sniff_delimiter(text: "Head", contract: Contract, asked: str | None) -> Dialect:
    """The delimiter of the file that begins with the text.

    Without one that is asked for or fixed it is the one under which the first records have the
    contract's fields, or its header. A comma is taken where that is none or several of them.

    Raises:
        BadRequest: `bad-delimiter`, the delimiter cannot be one.
    """
    given = asked or contract.delimiter
    if given:
        try:
            return Dialect(check_delimiter(given))
        except ValueError as error:
            raise BadRequest("bad-delimiter", f"{error}.") from error
    read = {mark: text.records(mark) for mark in _CANDIDATES}
    named = [mark for mark, records in read.items() if _has_header(records, contract)]
    fitting = named or [mark for mark, records in read.items() if _fits(records, contract)]
    if len(fitting) == 1:
        return Dialect(fitting[0])
    # Where none of them splits anything there is nothing to choose between.
    if not read[","] or ("," in fitting and all(_single(read[mark]) for mark in fitting)):
        return Dialect(",")
    fit = ", ".join(_WORDS[mark] for mark in fitting)
    why = f"{fit} all fit the first records" if fitting else "no delimiter fits the first records"
    return Dialect(",", (f"Read with commas, though {why}: name the delimiter to be sure.",))


def _single(records: list[First]) -> bool:
    return all(record.cells is None or len(record.cells) == 1 for record in records)


def _has_header(records: list[First], contract: Contract) -> bool:
    """Whether a header comes first that names a column of the contract."""
    cells = records[0].cells if records and not contract.document else None
    known = any(column_of(cell, contract) for cell in cells or ())
    return known and is_header(cells, contract)


def _fits(records: list[First], contract: Contract) -> bool:
    sound = [record.cells for record in records if record.cells is not None]
    if contract.document:
        return len(sound) > 0 and sound[0] == records[0].cells and _is_table(sound)
    wanted = len(contract.columns)
    return 2 * sum(len(cells) == wanted for cells in sound) > len(records)


def _is_table(sound: list[list[str]]) -> bool:
    """Whether a header of several names comes first, and most records have as many fields."""
    names = sound[0]
    if len(names) < 2 or len(set(names)) < len(names) or not all(map(is_name, names)):
        return False
    return 2 * sum(len(cells) == len(names) for cells in sound) > len(sound)


class Head(NamedTuple):
    """The beginning of a file's text, after its byte order mark."""

    data: bytes
    encoding: Encoding
    whole: bool
    """Whether nothing comes after it."""

    def records(self, delimiter: str, most: int = _LOOKED_AT) -> list[First]:
        """The first records under this delimiter."""
        cutter = RecordSplitter(delimiter)
        blocks = [*cutter.feed(self.data), *(cutter.finish() if self.whole else ())]
        found: list[First] = []
        for block in (block for block in blocks if block.read):
            # Offsets are those of the text as it is, cells those of it as UTF-8.
            text = rewritten(block, self.encoding)
            for at in islice(range(block.read), most - len(found)):
                stop = int(block.stops[at])
                ending = 2 if block.data[stop : stop + 2] == b"\r\n" else 1
                line_ends = count_line_ends(block.data[int(block.starts[at]) : stop])
                raw = text.data[int(text.starts[at]) : int(text.stops[at])]
                sound = block.faults[at] == Fault.OK
                cells = _cells(raw, delimiter) if sound else None
                end = min(stop + ending, len(self.data))
                found.append(First(cells, end, int(block.lines[at]) + line_ends + 1))
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
