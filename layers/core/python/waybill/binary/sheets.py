"""Reads the rows of a sheet, as a stream."""

import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from waybill.binary.task import UnreadableFile
from waybill.binary.workbook import unescaped
from waybill.binary.xml_stream import XmlStream

MAX_ROWS, MAX_COLUMNS = 1_048_576, 16_384
_REFERENCE = re.compile(r"([A-Z]{1,3})(\d{1,7})")
_CELL_LIMIT = 16 * 1024 * 1024


class Cell(NamedTuple):
    """A cell that has a value, or a formula without one."""

    column: int
    """From 0."""
    kind: str
    """As in the file: `n`, `s` (a shared string), `str`, `inlineStr`, `b`, `e` or `d`."""
    style: int
    text: str
    lacks_value: bool
    """Whether it is a formula that nothing has computed."""


class Row(NamedTuple):
    """A row: its number, from 1, and its cells in order."""

    number: int
    cells: list[Cell]


def rows(read: Callable[[int], bytes]) -> Iterator[Row]:
    """The rows that have cells.

    Raises:
        UnreadableFile: `corrupt-file`.
    """
    handler = _SheetEvents()
    stream = XmlStream(handler, read)
    has_more = True
    while has_more:
        has_more = stream.feed()
        while handler.rows:
            yield handler.rows.popleft()


class _SheetEvents:
    def __init__(self) -> None:
        self.rows: deque[Row] = deque()
        self._number = 0
        self._column = -1
        self._cells: list[Cell] = []
        self._attributes: Mapping[str, str] = {}
        self._texts: list[str] = []
        self._size = 0
        self._is_value = False
        self._is_hint = False
        self._has_value = self._has_formula = self._has_text = False

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "row":
            self._begin_row(attributes)
        elif name == "c":
            self._begin_cell(attributes)
        elif name in ("v", "t"):
            self._begin_text(name)
        elif name == "rPh":
            self._is_hint = True
        elif name == "f":
            self._has_formula = True

    def end(self, name: str) -> None:
        if name in ("v", "t"):
            self._is_value = False
        elif name == "rPh":
            self._is_hint = False
        elif name == "c":
            self._end_cell()
        elif name == "row" and self._cells:
            self.rows.append(Row(self._number, self._cells))
            self._cells = []

    def text(self, text: str) -> None:
        if self._is_value:
            self._size += len(text)
            if self._size > _CELL_LIMIT:
                raise UnreadableFile("corrupt-file", f"A cell of row {self._number} is too long.")
            self._texts.append(text)

    def _begin_row(self, attributes: Mapping[str, str]) -> None:
        number = attributes.get("r", "")
        following = int(number) if number.isascii() and number.isdigit() else self._number + 1
        if following > MAX_ROWS:
            detail = f"The sheet has a row {following}; the last one of Excel is {MAX_ROWS}."
            raise UnreadableFile("corrupt-file", detail)
        if following <= self._number:
            raise UnreadableFile("corrupt-file", f"Row {following} follows row {self._number}.")
        self._number, self._column = following, -1

    def _begin_cell(self, attributes: Mapping[str, str]) -> None:
        found = _REFERENCE.fullmatch(attributes.get("r", ""))
        column = _column_number(found[1]) if found else self._column + 1
        if not self._column < column < MAX_COLUMNS:
            raise UnreadableFile("corrupt-file", f"The cells of row {self._number} are no row.")
        self._column = column
        self._attributes = attributes
        self._texts = []
        self._size = 0
        self._has_value = self._has_formula = self._has_text = False

    def _begin_text(self, name: str) -> None:
        self._has_value = True
        if self._is_hint:
            return
        if name == "t" and not self._has_text:
            # A cached value may stand beside the text that a cell has in itself.
            self._texts.clear()
            self._size = 0
            self._has_text = True
        self._is_value = name == "t" or not self._has_text

    def _end_cell(self) -> None:
        kind, text = self._attributes.get("t", "n"), "".join(self._texts)
        lacks_value = self._has_formula and not self._has_value
        if text or lacks_value:
            style = self._attributes.get("s", "0")
            number = int(style) if style.isascii() and style.isdigit() else 0
            if kind in ("inlineStr", "str"):
                text = unescaped(text)
            self._cells.append(Cell(self._column, kind, number, text, lacks_value))


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number - 1
