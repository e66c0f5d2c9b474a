"""What a merge needs to know of all records of a chunk, so that it does not read them for it."""

from collections import Counter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from waybill.columns.check_result import Array
from waybill.columns.partitions import Partitions, RowOrder
from waybill.contract.model import Contract

# Of more the merge finds out by itself, rather than each chunk storing a long list.
_MAX_PARTITIONS = 10_000
_MAX_PARENTS = 1_000
_INTEGERS = {"int2", "int4", "int8"}


class Summary:
    """The keys, partitions and parents of the staged records so far.

    Each is exact, or is not said at all.
    """

    def __init__(self, contract: Contract) -> None:
        self._partitioning = contract.partitioned_by
        self._partitions: Counter[str] | None = Counter()
        self._key = _ascending_key(contract)
        self._keys: tuple[int, int] | None = None
        self._parents: dict[str, set[Any]] = {name: set() for name in _parent_columns(contract)}

    def add(self, rows: pa.RecordBatch) -> RowOrder:
        """Include these rows, in the order of the file; the order in which to stage them."""
        if not rows.num_rows:
            return RowOrder()
        if self._key:
            self._add_keys(rows.column(self._key))
        for column in list(self._parents):
            self._add_parents(column, rows.column(column))
        partitions = Partitions.of(rows, self._partitioning)
        self._add_partitions(partitions)
        return partitions.side_by_side() if partitions else RowOrder()

    def result(self) -> dict[str, Any]:
        """As `waybill.finish_chunk` stores it."""
        found: dict[str, Any] = {
            "parents": {name: sorted(map(str, keys)) for name, keys in self._parents.items()}
        }
        if self._key and self._keys:
            found["keys"] = self._keys
        if self._partitioning and self._partitions is not None:
            found["partitions"] = self._partitions
        return found

    def _add_keys(self, values: Array) -> None:
        keys = None if values.null_count else values.to_numpy()
        before = self._keys
        if keys is None or not (keys[1:] > keys[:-1]).all() or (before and keys[0] <= before[1]):
            self._key = None
        else:
            self._keys = (before[0] if before else int(keys[0]), int(keys[-1]))

    def _add_parents(self, column: str, values: Array) -> None:
        found = self._parents[column]
        found.update(value for value in pc.unique(values).to_pylist() if value is not None)
        if len(found) > _MAX_PARENTS:
            del self._parents[column]

    def _add_partitions(self, partitions: Partitions | None) -> None:
        counts = partitions.counts() if partitions else None
        if counts is None or self._partitions is None:
            self._partitions = None
            return
        self._partitions += counts
        if len(self._partitions) > _MAX_PARTITIONS:
            self._partitions = None


def _ascending_key(contract: Contract) -> str | None:
    """The natural key, if it is one integer."""
    if len(contract.natural_key) != 1:
        return None
    name = contract.natural_key[0]
    return next((c.name for c in contract.columns if c.name == name and c.stage in _INTEGERS), None)


def _parent_columns(contract: Contract) -> set[str]:
    """The columns that alone refer to a parent, by an integer."""
    return {
        column.name
        for column in contract.columns
        if column.stage in _INTEGERS
        and not column.personal
        and any(reference.columns == (column.name,) for reference in contract.references)
    }
