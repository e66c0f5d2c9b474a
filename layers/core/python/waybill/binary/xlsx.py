"""Reads Excel workbooks: the first rows of a sheet, and its records."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa

from waybill.binary.batches import FIELD_COUNT, FORMULA_WITHOUT_VALUE, OK, assemble
from waybill.binary.cell_texts import cell_text, iso_text, shape_of
from waybill.binary.file import RequestedFile
from waybill.binary.sheets import Cell, Row, rows
from waybill.binary.task import Field, Task
from waybill.binary.typed_documents import document_text
from waybill.binary.workbook import Workbook

_SAMPLE_ROWS = 50
_SAMPLE_CELLS = 4096
_SAMPLE_CHARACTERS = 1000
_BATCH_ROWS, _BATCH_CELLS, _BATCH_CHARACTERS = 4096, 100_000, 2 * 1024 * 1024
_TEXT = Field("text")
_BLANKS = " \t"


class SheetReader:
    """Reads one sheet."""

    def __init__(self, file: RequestedFile, task: Task) -> None:
        """Raises `UnreadableFile`: it is no workbook, or lacks the sheet."""
        self._workbook = Workbook(file, task)
        self.sheet = self._workbook.sheet(task.sheet)
        self.other_sheets = self._workbook.others(self.sheet)
        self._task = task
        self._strings = self._workbook.strings()
        self._shapes = [shape_of(code) for code in self._workbook.formats()]

    @contextmanager
    def rows(self) -> Iterator[Iterator[Row]]:
        """The rows that have cells."""
        with self._workbook.open(self.sheet.part) as read:
            yield rows(read)

    def text(self, cell: Cell, field: Field = _TEXT) -> str:
        """The cell's value as text; empty for blanks."""
        if cell.kind == "n":
            shape = self._shapes[cell.style] if cell.style < len(self._shapes) else "number"
            return cell_text(cell.text, shape, field, starts_1904=self._workbook.starts_1904)
        if cell.kind == "b":
            return field.true_word if cell.text == "1" else field.false_word
        if cell.kind == "d":
            return iso_text(cell.text, field)
        text = cell.text
        if cell.kind == "s":
            at = int(text) if text.isascii() and text.isdigit() else len(self._strings)
            # As an error of Excel's own, which no column of another type takes.
            text = self._strings[at] if at < len(self._strings) else "#REF!"
        if self._task.trim:
            text = text.strip(_BLANKS)
        return "" if text in self._task.null_words else text

    def is_number(self, cell: Cell) -> bool:
        """Whether the value is a number that is no date."""
        shape = self._shapes[cell.style] if cell.style < len(self._shapes) else "number"
        return cell.kind == "n" and shape == "number"


def describe_xlsx(file: RequestedFile, task: Task) -> dict[str, Any]:
    """The sheets, the first rows that are not blank, and the first column that has a value."""
    reader = SheetReader(file, task)
    sample: list[tuple[int, dict[int, str]]] = []
    cells = 0
    with reader.rows() as found:
        for row in found:
            texts = {cell.column: reader.text(cell)[:_SAMPLE_CHARACTERS] for cell in row.cells}
            texts = {column: text for column, text in texts.items() if text}
            cells += len(texts)
            if texts:
                sample.append((row.number, texts))
            if len(sample) == _SAMPLE_ROWS or cells > _SAMPLE_CELLS:
                break
    first = min((min(texts) for _, texts in sample), default=0)
    return {
        "sheet": reader.sheet.name,
        "other_sheets": reader.other_sheets,
        "first_column": first,
        "rows": [
            [number, [texts.get(column, "") for column in range(first, max(texts) + 1)]]
            for number, texts in sample
        ],
    }


def read_xlsx(file: RequestedFile, task: Task) -> Iterator[Any]:
    """Batches of texts of the rows from the task's first line on."""
    reader = SheetReader(file, task)
    builder = _BatchBuilder(reader, task)
    with reader.rows() as found:
        for row in found:
            if row.number >= task.first_line:
                builder.add(row)
            if builder.is_full:
                yield builder.batch()
    if builder.count:
        yield builder.batch()


class _BatchBuilder:
    def __init__(self, reader: SheetReader, task: Task) -> None:
        self._reader = reader
        self._task = task
        self._width = len(task.names or task.fields)
        self._columns = 1 if task.names else self._width
        self._clear()

    def _clear(self) -> None:
        self._lines: list[int] = []
        self._faults: list[int] = []
        self._texts: list[list[str | None]] = [[] for _ in range(self._columns)]
        self._size = 0

    @property
    def count(self) -> int:
        """The number of records."""
        return len(self._lines)

    @property
    def is_full(self) -> bool:
        """Whether the batch has enough records."""
        cells = len(self._lines) * self._width
        return (
            len(self._lines) >= _BATCH_ROWS
            or cells >= _BATCH_CELLS
            or self._size >= _BATCH_CHARACTERS
        )

    def add(self, row: Row) -> None:
        """Add a row, unless it is blank."""
        fields = self._task.fields or (_TEXT,) * self._width
        texts: list[str | None] = [None] * self._width
        cells: dict[int, Cell] = {}
        fault = OK
        for cell in row.cells:
            at = cell.column - self._task.first_column
            inside = 0 <= at < self._width
            text = self._reader.text(cell, fields[at] if inside else _TEXT)
            if cell.lacks_value:
                fault = FORMULA_WITHOUT_VALUE
            elif not inside and text:
                fault = FIELD_COUNT
            elif inside and text:
                texts[at], cells[at] = text, cell
                self._size += len(text)
        if not cells and fault == OK:
            return
        if self._task.names:
            numbers = {at for at, cell in cells.items() if self._reader.is_number(cell)}
            flags = {at for at, cell in cells.items() if cell.kind == "b"}
            texts = [document_text(self._task.names, texts, numbers | flags)]
        self._lines.append(row.number)
        self._faults.append(fault)
        for column, each in zip(self._texts, texts, strict=True):
            column.append(each)

    def batch(self) -> Any:  # noqa: ANN401 - pyarrow has no types
        """The batch of texts; the next one begins."""
        columns = [_binary(column) for column in self._texts]
        faults = np.array(self._faults, np.uint8)
        found = assemble(columns, np.array(self._lines, np.int64), faults)
        self._clear()
        return found


def _binary(texts: list[str | None]) -> Any:  # noqa: ANN401 - pyarrow has no types
    # A lone surrogate, which an escape can write, is no UTF-8.
    encoded = [None if text is None else text.encode("utf-8", "surrogatepass") for text in texts]
    return pa.array(encoded, pa.binary())
