"""The fields of JSON records that are no columns, and the columns that no record has."""

from collections import Counter
from collections.abc import Iterable

from waybill.contract.drift import Drift
from waybill.contract.model import Contract
from waybill.records.drift import MOST_REPORTED, added_columns, missing_columns
from waybill.records.layout import Layout

_LONGEST_NAME = 80


class JsonDrift:
    """Counts added fields, and notes which columns were seen, over the records of a chunk."""

    def __init__(self, contract: Contract, layout: Layout) -> None:
        self._contract = contract
        self._columns = layout.columns
        # Bounded, since records may have any number of names.
        self._added: Counter[str] = Counter()
        self._seen = 0
        self._records = 0

    def note_added(self, names: Iterable[str], records: int = 1) -> None:
        """Count the added fields of so many records, by name."""
        for name in {name[:_LONGEST_NAME].replace("\0", "\ufffd") for name in names}:
            if name in self._added or len(self._added) < MOST_REPORTED:
                self._added[name] += records

    def note_columns(self, present: int, records: int = 1) -> None:
        """Note which columns records have; bit n of the number stands for the column n."""
        self._seen |= present
        self._records += records

    @property
    def found(self) -> tuple[Drift, ...] | None:
        """The differences so far; None before the first record that could be read."""
        if not self._records and not self._added:
            return None
        present = [name for n, name in enumerate(self._columns) if self._seen >> n & 1]
        missing = missing_columns(present, self._contract) if self._records else []
        return (*added_columns(self._added.items(), self._contract), *missing)
