"""The fields of rows that are no columns: refused, ignored, or kept in one that is."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from waybill.contract.drift import Drift
from waybill.contract.model import Contract
from waybill.records.drift import MOST_REPORTED, added_columns


class AddedFields:
    """Sets the added fields of the rows of one batch aside, and counts them."""

    def __init__(self, contract: Contract, columns: Iterable[str]) -> None:
        self._contract = contract
        self._columns = frozenset(columns)
        # Bounded, since rows may have any number of names.
        self._rows: Counter[str] = Counter()

    def set_aside(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The row as the table takes it; what is refused stays, and is then an error."""
        added = {name: value for name, value in row.items() if name not in self._columns}
        for name in added:
            if name in self._rows or len(self._rows) < MOST_REPORTED:
                self._rows[name] += 1
        rescued = self._contract.rescued
        if self._contract.drift == "refuse" or len(added) == len(row) or rescued in row:
            return dict(row)
        kept = {name: value for name, value in row.items() if name in self._columns}
        return {**kept, rescued: added} if rescued is not None and added else kept

    @property
    def drift(self) -> list[Drift]:
        """How the rows so far differ from the table."""
        return added_columns(self._rows.items(), self._contract) if self._rows else []
