"""Find records that are a header: files were joined with their headers."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from waybill.columns.check_result import Array, to_mask
from waybill.contract.model import Contract
from waybill.errors import Rejected
from waybill.records.column_names import ColumnNames
from waybill.records.layout import Layout

# A value of a table of one column may well be the column's name.
_FEWEST_FIELDS = 2


class RepeatedHeaders:
    """Finds the records of a file whose fields are all column names."""

    def __init__(self, contract: Contract, layout: Layout) -> None:
        self._names = ColumnNames(contract)
        self._layout = layout
        self._searched = contract.repeated_header == "reject" and layout.width >= _FEWEST_FIELDS
        names = layout.fields or (
            *(each.name for each in contract.columns),
            *contract.aliases,
            *(field.name for field in layout.added),
        )
        # An added column stands for itself; no column has a NUL in its name.
        self._added = {field.name: f"\0{field.name}" for field in layout.added}
        added = {field.position: f"\0{field.name}" for field in layout.added}
        self._expected = [added.get(at, name) for at, name in enumerate(layout.field_columns)]
        spellings = {
            form
            for name in names
            for form in (name, name.lower(), name.upper(), name.title(), name.capitalize())
        }
        self._spellings = pa.array(sorted(spellings), pa.string())

    def find(self, texts: Sequence[Array], lines: NDArray[np.int64]) -> NDArray[np.int64]:
        """Indices of the records that are a header.

        Raises:
            Rejected: `header-changes`, a header has the columns in another order: the records
                after it would be loaded into the wrong columns.
        """
        if not self._searched:
            return np.array([], np.int64)
        candidates = np.flatnonzero(to_mask(pc.is_in(texts[0], self._spellings)))
        found = [row for row in candidates.tolist() if self._is_header(row, texts, lines)]
        return np.array(found, np.int64)

    def _is_header(self, row: int, texts: Sequence[Array], lines: NDArray[np.int64]) -> bool:
        cells = [array[row].as_py() or "" for array in texts]
        if self._layout.fields:
            return cells == list(self._layout.fields)
        columns = [self._names.find(cell) or self._added.get(cell.strip()) for cell in cells]
        if None in columns or len(set(columns)) < len(columns):
            return False
        if columns != self._expected:
            detail = (
                f"Line {lines[row]} is a header with the columns in another order than at the "
                f"beginning. Upload the parts as files of their own."
            )
            raise Rejected("header-changes", detail)
        return True
