"""The structure of a table of text: of a CSV file, or of the first rows of a sheet."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from waybill.errors import Rejected
from waybill.inference.model import Header
from waybill.inference.quoting import STANDARD, Quoting, find_quoting
from waybill.records.head import Head, HeadRecord
from waybill.records.marks import Marks
from waybill.records.values import is_clear_text

MOST_COLUMNS = 1500
_MARKS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe", "\x01": "SOH"}
_ENOUGH = 0.8
_ABOVE = 20
_COMMENTS = ("#", "//", "--", ";")


class TableStructure(NamedTuple):
    """The names of the fields, and how records are split."""

    names: tuple[str | None, ...]
    """None for each field without a header."""
    delimiter: str | None
    """None for a sheet."""
    header: Header
    notes: tuple[str, ...]
    quoting: Quoting = STANDARD


def too_many(count: int) -> Rejected:
    """The refusal of a file that is too wide for a table."""
    detail = f"The file has {count} fields, and a table may have {MOST_COLUMNS} columns."
    return Rejected("too-many-columns", f"{detail} Load it as documents.")


class _Split(NamedTuple):
    """The first records, split with these marks."""

    marks: Marks
    records: list[HeadRecord]
    width: int
    share: float
    """Of the records that have this width."""


def csv_structure(text: Head, header: Header | None) -> TableStructure:
    """The structure of a CSV file that begins with this text.

    Raises:
        Rejected: `empty-file`, `missing-header` or `too-many-columns`.
    """
    splits = [_split(text, Marks(mark)) for mark in _MARKS]
    if not splits[0].records:
        if text.data.strip():
            detail = "The first record is longer than 1 MiB, so the header cannot be found."
            raise Rejected("missing-header", detail)
        raise Rejected("empty-file", "The file contains no records.")
    fitting = [each for each in splits if each.width > 1 and each.share >= _ENOUGH]
    chosen = max(fitting, key=lambda each: (round(each.share, 2), each.width), default=None)
    if chosen is None:
        single = [each for each in splits if each.width == 1]
        chosen = max(single or splits, key=lambda each: each.share)
    other = find_quoting(text, chosen.marks.delimiter, tuple(_MARKS))
    notes = []
    if other:
        chosen, fitting = _split(text, other.quoting.marks(other.delimiter)), []
        notes.append(f"quotes: {other.quoting}, since with those of RFC 4180 {other.why}")
    notes += _delimiter_notes(chosen, fitting)
    found = _find_header(chosen.records, _first_full(chosen), header)
    names: list[str | None] = [None] * chosen.width
    if found.is_header:
        names = list(found.record.cells)
    structure = _structure(names, chosen.marks.delimiter, found, notes)
    return structure._replace(quoting=other.quoting) if other else structure


def _delimiter_notes(chosen: _Split, fitting: Sequence[_Split]) -> list[str]:
    """What the delimiter is, and what it could be."""
    notes = [
        f"delimiter: {_MARKS[chosen.marks.delimiter]}, {chosen.width} fields in"
        f" {chosen.share:.0%} of the first {len(chosen.records)} records"
    ]
    others = [_MARKS[each.marks.delimiter] for each in fitting if each is not chosen]
    if others:
        notes.append(f"delimiter: {' and '.join(others)} would split the records too")
    return notes


def sheet_structure(text: Head, header: Header | None, skipped: int) -> TableStructure:
    """The structure of a sheet whose first rows are this CSV text; `skipped` rows are above it.

    Raises:
        Rejected: `empty-file` or `too-many-columns`.
    """
    split = _split(text, Marks(","))
    if not split.records:
        raise Rejected("empty-file", "The sheet has no rows with values.")
    records = [each._replace(line=each.line + skipped) for each in split.records]
    at = _first_filled(records)
    found = _find_header(records, at, header)
    if at and not (found.is_proven or header):
        # The rows above may be records, which would be lost.
        found = _find_header(records, 0, None)
    names = list(found.record.cells) if found.is_header else [None] * split.width
    return _structure(names, None, found, [])


def _structure(
    names: Sequence[str | None], delimiter: str | None, found: "_FoundHeader", notes: list[str]
) -> TableStructure:
    if len(names) > MOST_COLUMNS:
        raise too_many(len(names))
    header: Header = "present" if found.is_header else "absent"
    return TableStructure(tuple(names), delimiter, header, (*notes, f"header: {found.why}"))


def _split(text: Head, marks: Marks) -> _Split:
    records = [each for each in text.records(marks) if not each.is_blank]
    widths = Counter(len(each.cells) for each in records if each.is_well_formed)
    if not widths:
        return _Split(marks, records, 1, 0.0)
    width, count = max(widths.items(), key=lambda item: (item[1], item[0]))
    return _Split(marks, records, width, count / len(records))


def _first_full(split: _Split) -> int:
    """The index of the first record of full width, if only a title or comments are above it."""
    for at, record in enumerate(split.records[:_ABOVE]):
        if len(record.cells) == split.width:
            above = split.records[:at]
            return at if all(_is_above(each, split.width) for each in above) else 0
    return 0


def _is_above(record: HeadRecord, width: int) -> bool:
    filled = sum(map(bool, record.cells))
    return 2 * filled <= width or record.cells[0].startswith(_COMMENTS)


def _first_filled(records: Sequence[HeadRecord]) -> int:
    """The index of the first record without empty cells, if titles or nothing are above it."""
    for at, record in enumerate(records[:_ABOVE]):
        if all(record.cells):
            width = len(record.cells)
            return at if all(_is_above(each, width) for each in records[:at]) else 0
    return 0


class _FoundHeader(NamedTuple):
    """Whether the record has names, and why."""

    record: HeadRecord
    is_header: bool
    why: str
    is_proven: bool = True


def _find_header(records: Sequence[HeadRecord], at: int, requested: Header | None) -> _FoundHeader:
    first, later = records[at], records[at + 1 :]
    if requested:
        return _FoundHeader(first, requested == "present", f"{requested}, as requested")
    line = f"line {first.line}"
    if any(map(is_clear_text, first.cells)):
        return _FoundHeader(first, False, f"absent: {line} has a value that cannot be a name")
    if len(set(first.cells)) < len(first.cells):
        return _FoundHeader(first, False, f"absent: {line} has the same text twice")
    same = [each for each in later if len(each.cells) == len(first.cells)]
    for position, cell in enumerate(first.cells):
        values = [each.cells[position] for each in same if each.cells[position]]
        if cell in values:
            why = f"absent: {line} has a value that recurs in its column"
            return _FoundHeader(first, False, why)
        if (
            values
            and all(any(char.isdigit() for char in value) for value in values)
            and not any(char.isdigit() for char in cell)
        ):
            why = f"{line}: field {position + 1} has digits in every other record"
            return _FoundHeader(first, True, why)
    why = f"{line} is taken for names, but nothing proves it: request header=absent if not"
    return _FoundHeader(first, True, why, is_proven=False)
