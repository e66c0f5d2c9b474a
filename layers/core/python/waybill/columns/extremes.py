"""The lowest and the highest value of a column, as text."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from waybill.columns.check_result import Array
from waybill.contract.model import Column

Order = Literal["number", "text"]
"""How the texts of two extremes compare."""
MAX_TEXT = 100
"""Characters of an extreme; a longer text is cut, a longer number left out."""
_NUMBERS = {"int2", "int4", "int8", "float4", "float8"}
_TIMES = {"date", "timestamp", "timestamptz"}
_TEXTS = {"text", "varchar", "bpchar"}


def order_of(column: Column) -> Order | None:
    """How values of the column are compared; None if no extremes are kept.

    Those of personal columns are never read.
    """
    if column.personal:
        return None
    if column.stage in _NUMBERS or column.kind == "numeric":
        return "number"
    if column.stage in _TIMES or column.kind in _TEXTS:
        return "text"
    return None


class _Extremes(NamedTuple):
    lowest: Any
    highest: Any


class Extremes:
    """The extremes of the values so far."""

    def __init__(self, column: Column) -> None:
        self._column = column
        self._order = order_of(column)
        self._find: Callable[[Array], _Extremes] = (
            _decimals if column.stage == "text" and self._order == "number" else _min_max
        )
        self._found: _Extremes | None = None

    def add(self, values: Array) -> None:
        """Include these values, none of which is null."""
        if self._order is None or not len(values):
            return
        found = self._find(values)
        before = self._found or found
        self._found = _Extremes(
            min(before.lowest, found.lowest), max(before.highest, found.highest)
        )

    def texts(self) -> tuple[str | None, str | None]:
        """The lowest and the highest; None without values."""
        if self._found is None:
            return None, None
        return self._text(self._found.lowest), self._text(self._found.highest)

    def _text(self, value: Any) -> str | None:  # noqa: ANN401 - as Arrow gives it
        if self._column.stage in _TIMES:
            zone = "Z" if self._column.stage == "timestamptz" else ""
            return f"{value.isoformat()}{zone}"
        if self._order == "text":
            return str(value)[:MAX_TEXT]
        # The shortest text that is read as the same number.
        text = str(np.float32(value) if self._column.stage == "float4" else value)
        return text if len(text) <= MAX_TEXT else None


def _min_max(values: Array) -> _Extremes:
    if pa.types.is_timestamp(values.type):
        values = values.cast(pa.timestamp("us"))
    elif values.nbytes > MAX_TEXT * len(values):
        # Cutting keeps the order, and long texts are not copied whole.
        values = pc.utf8_slice_codeunits(values, 0, MAX_TEXT)
    # Arrow compares the bytes of UTF-8, whose order is that of the code points, as Python's.
    lowest, highest = pc.min_max(values).values()
    return _Extremes(lowest.as_py(), highest.as_py())


def _decimals(strings: Array) -> _Extremes:
    """Of numbers in text, whatever their precision."""
    rough = pc.cast(strings, pa.float64()).to_numpy()
    lowest, highest = (
        [Decimal(text.as_py()) for text in pc.unique(strings.filter(pa.array(rough == edge)))]
        for edge in (rough.min(), rough.max())
    )
    return _Extremes(min(lowest), max(highest))
