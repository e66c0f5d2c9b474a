"""The structure of a file that no contract describes: its form, and the names of its fields."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from waybill.binary.recognise import binary_format
from waybill.contract.model import Column, Contract
from waybill.errors import Rejected
from waybill.inference.file_sample import FileSample
from waybill.inference.model import Header
from waybill.inference.names import column_names
from waybill.records.column_names import normalise
from waybill.records.head import Head, HeadRecord
from waybill.records.json_head import json_format, refuse_other_json
from waybill.records.sniffer import SniffedText, sniff_text
from waybill.records.values import is_clear_text

_MARKS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
_ENOUGH = 0.8
_ABOVE = 20
MOST_COLUMNS = 1500
_COMMENTS = ("#", "//", "--", ";")


class Structure(NamedTuple):
    """How to read the file, and what its fields are called."""

    is_json: bool
    names: tuple[str | None, ...] = ()
    """Names in the file; None for a field without a name."""
    delimiter: str | None = None
    header: Header | None = None
    encoding: str | None = None
    """None if the file tells it: UTF-8, or a byte order mark."""
    notes: tuple[str, ...] = ()

    @property
    def columns(self) -> list[str]:
        """An identifier per field."""
        return column_names([name or "" for name in self.names])

    def contract(self, name: str, columns: Sequence[Column]) -> Contract:
        """A contract that reads the file as these columns."""
        return Contract(
            name=name,
            version=0,
            table_schema="public",
            table=name,
            write_disposition="append",
            natural_key=(),
            columns=tuple(columns),
            aliases=self.aliases,
            header=self.header or "auto",
            delimiter=self.delimiter,
            encoding=self.encoding,
        )

    @property
    def aliases(self) -> dict[str, str]:
        """The column by the name in the file, where it is another."""
        pairs = zip(self.names, self.columns, strict=True)
        return {
            " ".join(name.split()): made
            for name, made in pairs
            if name is not None and made not in (name, normalise(name))
        }


def find_structure(sample: FileSample, header: Header | None) -> Structure:
    """The structure of the file; of a JSON file without the names.

    Raises:
        Rejected: `empty-file`, or why no contract could read the file.
    """
    if file_format := binary_format(sample.head):
        detail = f"A dataset can be inferred from CSV and JSON, not from {file_format} files."
        raise Rejected("unsupported-file", detail)
    text, encoding, notes = _text(sample)
    blank = Structure(is_json=True).contract("inferred", ())
    if json_format(text.head.data, blank):
        return Structure(is_json=True, encoding=encoding, notes=notes)
    refuse_other_json(text.head.data)
    return _csv(text.head, header)._replace(encoding=encoding).with_notes(notes)


def _text(sample: FileSample) -> tuple[SniffedText, str | None, tuple[str, ...]]:
    """The head, the encoding to declare, and why."""
    whole = sample.head_is_whole
    try:
        text = sniff_text(sample.head, whole=whole)
    except Rejected as error:
        if error.code != "undeclared-encoding":
            raise
        nul_first = sample.head[:1000:2].count(0) > sample.head[1:1000:2].count(0)
        found = "utf-16-be" if nul_first else "utf-16-le"
        note = f"encoding: every other byte is NUL, so it is read as {found}"
        return sniff_text(sample.head, whole=whole, declared=found), found, (note,)
    # The head may end within a character.
    line = _first_not_utf8(text.head.data, is_cut=not text.head.whole)
    if line is None or text.head.encoding != "utf-8":
        return text, None, ()
    note = f"encoding: line {line} is not UTF-8; windows-1252 is likely, but not proven"
    found = "windows-1252"
    return sniff_text(sample.head, whole=whole, declared=found), found, (note,)


def _first_not_utf8(data: bytes, *, is_cut: bool) -> int | None:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        if is_cut and error.end == len(data) and error.start > len(data) - 4:
            return None
        return data.count(b"\n", 0, error.start) + 1
    return None


class _Split(NamedTuple):
    """The first records, split with a delimiter."""

    delimiter: str
    records: list[HeadRecord]
    width: int
    share: float
    """Of the records that have this width."""


def _csv(text: Head, header: Header | None) -> "StructureDraft":
    splits = [_split(text, mark) for mark in _MARKS]
    if not splits[0].records:
        raise Rejected("empty-file", "The file contains no records.")
    fitting = [each for each in splits if each.width > 1 and each.share >= _ENOUGH]
    chosen = max(fitting, key=lambda each: (round(each.share, 2), each.width), default=None)
    if chosen is None:
        single = [each for each in splits if each.width == 1]
        chosen = max(single or splits, key=lambda each: each.share)
    notes = [
        f"delimiter: {_MARKS[chosen.delimiter]}, {chosen.width} fields in {chosen.share:.0%} of"
        f" the first {len(chosen.records)} records"
    ]
    others = [_MARKS[each.delimiter] for each in fitting if each is not chosen]
    if others:
        notes.append(f"delimiter: {' and '.join(others)} would split the records too")
    at = _first_full(chosen)
    is_header, why = _is_header(chosen.records, at, header)
    notes.append(f"header: {why}")
    names: list[str | None] = [None] * chosen.width
    if is_header:
        names = list(chosen.records[at].cells)
    if len(names) > MOST_COLUMNS:
        raise too_many(len(names))
    return StructureDraft(tuple(names), chosen.delimiter, is_header, tuple(notes))


class StructureDraft(NamedTuple):
    """The structure of a CSV file, without its encoding."""

    names: tuple[str | None, ...]
    delimiter: str
    is_header: bool
    notes: tuple[str, ...]
    encoding: str | None = None

    def with_notes(self, notes: tuple[str, ...]) -> Structure:
        """The whole structure."""
        header: Header = "present" if self.is_header else "absent"
        return Structure(
            is_json=False,
            names=self.names,
            delimiter=self.delimiter,
            header=header,
            encoding=self.encoding,
            notes=(*notes, *self.notes),
        )


def too_many(count: int) -> Rejected:
    """The refusal of a file that is too wide for a table."""
    detail = f"The file has {count} fields, and a table may have {MOST_COLUMNS} columns."
    return Rejected("too-many-columns", f"{detail} Load it as documents.")


def _split(text: Head, delimiter: str) -> _Split:
    records = [each for each in text.records(delimiter) if not each.is_blank]
    widths = Counter(len(each.cells) for each in records if each.is_well_formed)
    if not widths:
        return _Split(delimiter, records, 1, 0.0)
    width, count = max(widths.items(), key=lambda item: (item[1], item[0]))
    return _Split(delimiter, records, width, count / len(records))


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


def _is_header(
    records: Sequence[HeadRecord], at: int, requested: Header | None
) -> tuple[bool, str]:
    """Whether the record has names, and why."""
    first, later = records[at], records[at + 1 :]
    if requested:
        return requested == "present", f"{requested}, as requested"
    line = f"line {first.line}"
    if any(map(is_clear_text, first.cells)):
        return False, f"absent: {line} has a value that cannot be a name"
    if len(set(first.cells)) < len(first.cells):
        return False, f"absent: {line} has the same text twice"
    same = [each for each in later if len(each.cells) == len(first.cells)]
    for position, cell in enumerate(first.cells):
        values = [each.cells[position] for each in same if each.cells[position]]
        if cell in values:
            return False, f"absent: {line} has a value that recurs in its column"
        if (
            values
            and all(any(char.isdigit() for char in value) for value in values)
            and not any(char.isdigit() for char in cell)
        ):
            return True, f"{line}: field {position + 1} has digits in every other record"
    return True, f"{line} is taken for names, but nothing proves it: request header=absent if not"
