"""Reads the head of a file: byte order mark, delimiter, and whether a header comes first."""

import re
from collections import Counter

from waybill.contract.model import Contract
from waybill.errors import BadRequest, Rejected
from waybill.records.cutter import Cutter
from waybill.records.grammar import Fault
from waybill.records.layout import Layout, check_delimiter
from waybill.records.names import column_of, is_name, named_columns, refuses_names

_BOM = b"\xef\xbb\xbf"


def read_layout(
    head: bytes, contract: Contract, *, whole: bool, delimiter: str | None = None
) -> Layout:
    """The layout of the file that begins with `head`; `whole` says that nothing comes after.

    Without a header the fields are the contract's columns in the order of the table.

    Raises:
        Rejected: `empty-file`, or a header with `unknown-columns`, `duplicate-columns` or
            `missing-columns`.
        BadRequest: `bad-delimiter`, the delimiter cannot be one.
    """
    delimiter = _delimiter(delimiter or contract.delimiter or ",")
    skipped = len(_BOM) if head.startswith(_BOM) else 0
    first = _first_record(head[skipped:], delimiter, whole=whole)
    if first is None and whole:
        raise Rejected("empty-file", "The file holds no record.")
    cells, end, next_line = first or ([], 0, 1)
    table_order = tuple(column.name for column in contract.columns)
    if not _is_header(cells, contract):
        return Layout(
            delimiter=delimiter,
            header=False,
            columns=table_order,
            data_offset=skipped,
            first_line=1,
            doubts=_doubts(cells, contract),
        )
    return Layout(
        delimiter=delimiter,
        header=True,
        columns=named_columns(cells, contract),
        data_offset=skipped + end,
        first_line=next_line,
    )


def _delimiter(delimiter: str) -> str:
    try:
        return check_delimiter(delimiter)
    except ValueError as error:
        raise BadRequest("bad-delimiter", f"{error}.") from error


def _first_record(
    data: bytes, delimiter: str, *, whole: bool
) -> tuple[list[str] | None, int, int] | None:
    """(cells, byte after it, line there); cells are None when it is malformed; None: no record."""
    cutter = Cutter(delimiter)
    blocks = [*cutter.feed(data), *(cutter.finish() if whole else ())]
    block = next((block for block in blocks if block.read), None)
    if block is None:
        return None
    start, stop = int(block.starts[0]), int(block.stops[0])
    ending = 2 if data[stop : stop + 2] == b"\r\n" else 1
    raw = data[start:stop]
    line = int(block.lines[0]) + Counter(_line_ends(raw)).total() + 1
    sound = block.faults[0] == Fault.OK
    return _cells(raw, delimiter) if sound else None, min(stop + ending, len(data)), line


def _line_ends(raw: bytes) -> list[bytes]:
    return re.findall(rb"\r\n|\r|\n", raw)


def _cells(raw: bytes, delimiter: str) -> list[str] | None:
    """The fields of a sound record, trimmed; None if it is no text."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return None
    mark = re.escape(delimiter)
    fields = re.findall(rf'(?:^|{mark})("(?:[^"]|"")*"|[^"{mark}]*)', text)
    return [_unquoted(field).strip() for field in fields]


def _unquoted(field: str) -> str:
    return field[1:-1].replace('""', '"') if field.startswith('"') else field


def _is_header(cells: list[str] | None, contract: Contract) -> bool:
    """Whether the first record is a header, be it one with wrong names."""
    if contract.header != "auto":
        return contract.header == "present"
    if not cells:
        return False
    known = [column_of(cell, contract) is not None for cell in cells]
    if all(known):
        return True
    if not all(is_name(cell) for cell in cells):
        return False
    return any(known) or refuses_names(cells, contract)


def _doubts(cells: list[str] | None, contract: Contract) -> tuple[str, ...]:
    if contract.header == "absent" or not any(column_of(cell, contract) for cell in cells or ()):
        return ()
    return ("The first line names a column but was read as a record, as not all of it are names.",)
