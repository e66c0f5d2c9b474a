"""The structure of a file that no contract describes: its form, and the names of its fields."""

from collections.abc import Sequence
from typing import NamedTuple, Self

from waybill.contract.model import Column, Contract
from waybill.errors import Rejected
from waybill.inference.file_sample import FileSample
from waybill.inference.model import Header
from waybill.inference.names import column_names
from waybill.inference.quoting import STANDARD, Quoting
from waybill.inference.readings import DeclaredType
from waybill.inference.table_structure import TableStructure, csv_structure
from waybill.records.column_names import normalise
from waybill.records.json_head import json_format, refuse_other_json
from waybill.records.sniffer import SniffedText, sniff_text


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
    declared: tuple[DeclaredType, ...] = ()
    """The type of each field, if the file declares it."""
    quoting: Quoting = STANDARD

    @classmethod
    def of_table(cls, table: TableStructure, notes: tuple[str, ...]) -> Self:
        """The structure of a table of text, with what is known of the whole file before."""
        return cls(
            is_json=False,
            names=table.names,
            delimiter=table.delimiter,
            header=table.header,
            notes=(*notes, *table.notes),
            quoting=table.quoting,
        )

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
            **self.quoting._asdict(),
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
    """The structure of a file of text; of a JSON file without the names.

    Raises:
        Rejected: `empty-file`, or why no contract could read the file.
    """
    text, encoding, notes = _text(sample)
    blank = Structure(is_json=True).contract("inferred", ())
    if json_format(text.head.data, blank):
        return Structure(is_json=True, encoding=encoding, notes=notes)
    refuse_other_json(text.head.data)
    table = csv_structure(text.head, header)
    return Structure.of_table(table, notes)._replace(encoding=encoding)


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
