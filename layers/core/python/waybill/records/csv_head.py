"""Read the head of a CSV file: `sep=` line, delimiter, preamble and header."""

import re
from typing import Any, NamedTuple

from waybill.contract.model import Contract
from waybill.errors import Rejected
from waybill.records.column_names import ColumnNames
from waybill.records.dialect import Dialect, sniff_dialect
from waybill.records.drift import MOST_REPORTED
from waybill.records.head import Head, HeadRecord
from waybill.records.header import MatchedHeader, document_fields, match_header, refuse_header
from waybill.records.layout import Layout
from waybill.records.marks import Marks

_SEPARATOR_LINE = re.compile(rb'"?sep=(\\t|[^\r\n"])"?[ \t,;|]*(?:\r\n|\n|\r)', re.IGNORECASE)
_SHOWN = 60
_NO_HEADER = "If the file has no header, set `header => 'absent'` for the dataset."


class _Separator(NamedTuple):
    """What a `sep=` line, as Excel reads it, declares."""

    delimiter: str | None = None
    length: int = 0
    warnings: tuple[str, ...] = ()


def csv_layout(text: Head, contract: Contract, requested: str | None) -> Layout:
    """The layout of a CSV file.

    Raises:
        Rejected: `empty-file`, `ambiguous-delimiter`, or why the first record is not the header.
        BadRequest: `bad-delimiter`.
    """
    separator = _separator(text.data)
    text = text._replace(data=text.data[separator.length :])
    declared = requested or separator.delimiter or contract.delimiter
    dialect = sniff_dialect(text, contract, declared)
    if not dialect.records and text.whole:
        raise Rejected("empty-file", "The file contains no records.")
    layout = _layout(dialect, text, contract)
    skipped_lines = 1 if separator.length else 0
    return layout.model_copy(
        update={
            "skip_blank_records": contract.skip_blank_records,
            "data_offset": layout.data_offset + separator.length,
            "first_line": layout.first_line + skipped_lines,
            "warnings": separator.warnings + dialect.warnings + layout.warnings,
        }
    )


def _separator(data: bytes) -> _Separator:
    found = _SEPARATOR_LINE.match(data)
    if found is None or not found[1].isascii():
        return _Separator()
    mark = "\t" if found[1] == rb"\t" else found[1].decode()
    warning = f"The first line, sep={found[1].decode()}, was read as the delimiter."
    return _Separator(mark, found.end(), (warning,))


def _layout(dialect: Dialect, text: Head, contract: Contract) -> Layout:
    records, kind = dialect.records, dialect.search.kind
    if contract.document:
        fields = document_fields(records, whole=text.whole)
        return _with_header(dialect, records[0], (contract.document,), fields)
    if contract.header == "absent":
        return _without_header(dialect, contract, _absent_warnings(records, contract))
    if kind == "data":
        return _without_header(dialect, contract, ())
    if not records:
        detail = "The first record is longer than 1 MiB, so the header cannot be found."
        raise Rejected("missing-header", f"{detail} {_NO_HEADER}")
    header = records[dialect.search.at]
    if not header.is_utf8:
        raise _undeclared_encoding(header, contract)
    if kind == "unknown":
        why = f"Line {header.line} is neither a header nor a valid record. {_NO_HEADER}"
        refuse_header(header.cells, contract, why)
    layout = matched_layout(
        _with_header(dialect, header, ()), match_header(header.cells, contract), contract
    )
    warnings = (*_header_warnings(dialect, header, contract), *layout.warnings)
    return layout.model_copy(update={"warnings": warnings})


def matched_layout(layout: Layout, matched: MatchedHeader, contract: Contract) -> Layout:
    """The layout with the columns of the header."""
    rescued = contract.rescued if matched.added and contract.drift == "rescue" else None
    columns = matched.columns if rescued is None else (*matched.columns, rescued)
    return layout.model_copy(
        update={
            "columns": columns,
            "added": matched.added,
            "rescued": rescued,
            "drift": matched.drift,
            "warnings": _unreported(len(matched.added)),
        }
    )


def _with_header(
    dialect: Dialect, header: HeadRecord, columns: tuple[str, ...], fields: tuple[str, ...] = ()
) -> Layout:
    return Layout(
        **_fields(dialect.marks),
        header=True,
        columns=columns,
        fields=fields,
        data_offset=header.end,
        first_line=header.next_line,
    )


def _without_header(dialect: Dialect, contract: Contract, warnings: tuple[str, ...]) -> Layout:
    return Layout(
        **_fields(dialect.marks),
        header=False,
        columns=tuple(column.name for column in contract.file_columns),
        data_offset=0,
        first_line=1,
        warnings=warnings,
    )


def _fields(marks: Marks) -> dict[str, Any]:
    """The fields of a layout that are its marks."""
    delimiter, quote, escape, escape_codes = marks
    return {
        "delimiter": delimiter,
        "quote": quote,
        "escape": escape,
        "escape_codes": escape_codes,
    }


def _header_warnings(dialect: Dialect, header: HeadRecord, contract: Contract) -> tuple[str, ...]:
    above = [record.cells for record in dialect.records[: dialect.search.at]]
    skipped = tuple(
        f"Skipped above the header: {' '.join(filter(None, cells))[:_SHOWN]!r}." for cells in above
    )
    if contract.personal and skipped:
        skipped = (f"Skipped {len(skipped)} records above the header.",)
    if header.is_well_formed:
        return skipped
    return (*skipped, f"The header on line {header.line} has misplaced quotes.")


def _unreported(added: int) -> tuple[str, ...]:
    if added <= MOST_REPORTED:
        return ()
    return (f"The first {MOST_REPORTED} of {added} columns that the table lacks are listed.",)


def _absent_warnings(records: tuple[HeadRecord, ...], contract: Contract) -> tuple[str, ...]:
    names = ColumnNames(contract)
    if not records or not all(map(names.find, records[0].cells)):
        return ()
    return ("The first line has column names, but is read as data: the header is 'absent'.",)


def _undeclared_encoding(header: HeadRecord, contract: Contract) -> Rejected:
    shown = ", ".join(repr(cell[:_SHOWN]) for cell in header.cells[:20])
    # It may be a record, if the file has no header.
    read = "" if contract.personal else f"As windows-1252 it reads {shown}. "
    detail = (
        f"Line {header.line} is not UTF-8. {read}"
        f"Declare the encoding in the upload or for the dataset, or save the file as UTF-8."
    )
    return Rejected("undeclared-encoding", detail)
