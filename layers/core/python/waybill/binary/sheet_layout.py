"""The layout of a sheet: its header is found as that of a CSV file with the same cells."""

from typing import Any

from waybill.contract.model import Contract
from waybill.errors import Rejected
from waybill.records.column_names import ColumnNames
from waybill.records.csv_head import csv_layout
from waybill.records.head import Head
from waybill.records.layout import Layout
from waybill.records.marks import STANDARD_QUOTES

_LONGEST_GAP = 1000
_DELIMITER = ","


def sheet_layout(description: dict[str, Any], contract: Contract) -> Layout:
    """The layout of a sheet whose first rows were described; line numbers are those of its rows.

    Raises:
        Rejected: `empty-file`, or why the first rows have no header.
    """
    rows: list[tuple[int, list[str]]] = description["rows"]
    if not rows:
        raise Rejected("empty-file", f"The sheet {description['sheet']!r} has no cells.")
    width = _width(rows, contract)
    text, skipped = sheet_text(rows, width)
    contract = contract.model_copy(update=STANDARD_QUOTES)
    layout = csv_layout(Head(text, "utf-8", whole=True), contract, _DELIMITER)
    return layout.model_copy(
        update={
            "file_format": "xlsx",
            "sheet": description["sheet"],
            "first_column": description["first_column"],
            "data_offset": 0,
            "first_line": layout.first_line + skipped,
            "skip_blank_records": False,
        }
    )


def _width(rows: list[tuple[int, list[str]]], contract: Contract) -> int:
    """The number of fields: of the first row of which all cells are names, or of the longest."""
    names = ColumnNames(contract)
    for _, cells in rows:
        if not contract.document and all(names.find(cell) is not None for cell in cells):
            return len(cells)
    return max(len(cells) for _, cells in rows)


def sheet_text(rows: list[tuple[int, list[str]]], width: int) -> tuple[bytes, int]:
    """The rows as CSV, and the number of rows before its first line.

    Each row is on the line of its number, so that a message names the right one.
    """
    skipped = rows[0][0] - 1 if rows[0][0] > _LONGEST_GAP else 0
    lines: list[str] = []
    for number, cells in rows:
        if number - skipped - len(lines) > _LONGEST_GAP:
            break
        lines += [""] * (number - skipped - len(lines) - 1)
        padded = (cells + [""] * width)[:width]
        lines.append(_DELIMITER.join(map(_quoted, padded)))
    return "".join(f"{line}\n" for line in lines).encode(errors="replace"), skipped


def _quoted(cell: str) -> str:
    # One line for each row.
    text = " ".join(cell.split()).replace('"', '""')
    return f'"{text}"' if text else ""
