"""The partitions that records go to."""

from collections import Counter
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from waybill.contract.model import Partitioning

_UNITS = {"year": "Y", "month": "M", "day": "D"}
# numpy sorts integers of 16 bits in linear time.
_MAX_SPREAD = 2**15
_NULL = np.iinfo(np.int64).min


class RowOrder(NamedTuple):
    """An order of rows; None for the one that they have."""

    indices: NDArray[np.int64] | None = None

    def applied_to(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """The rows in this order."""
        return rows if self.indices is None else rows.take(pa.array(self.indices))


class Partitions(NamedTuple):
    """The partition of each row, by number: years, months or days since 1970 in UTC."""

    numbers: NDArray[np.int64]
    unit: str

    @classmethod
    def of(cls, rows: pa.RecordBatch, partitioning: Partitioning | None) -> "Partitions | None":
        """The partitions of the rows; None if only the database can read the column."""
        if partitioning is None:
            return None
        times = rows.column(partitioning.column)
        if not pa.types.is_temporal(times.type):
            return None
        if times.type != pa.date32():
            # numpy has no time zones; these are in UTC.
            times = times.cast(pa.timestamp("us"))
        unit = _UNITS[partitioning.unit]
        values: NDArray[Any] = times.to_numpy(zero_copy_only=False)
        return cls(values.astype(f"datetime64[{unit}]").astype(np.int64), unit)

    def counts(self) -> Counter[str] | None:
        """Rows by the first day of their partition; None if one has no partition."""
        found, counts = np.unique(self.numbers, return_counts=True)
        if len(found) and found[0] == _NULL:
            return None
        days = found.astype(f"datetime64[{self.unit}]").astype("datetime64[D]")
        return Counter(dict(zip(days.astype(str).tolist(), counts.tolist(), strict=True)))

    def side_by_side(self) -> RowOrder:
        """The rows of each partition together, in the order that they have.

        A merge that fills many partitions then writes each for a while: rows in turn, each to
        another partition, take half as long again.
        """
        numbers = self.numbers
        if (numbers[1:] >= numbers[:-1]).all():
            return RowOrder()
        first, last = int(numbers.min()), int(numbers.max())
        if last - first < _MAX_SPREAD:
            numbers = (numbers - first).astype(np.int16)
        return RowOrder(numbers.argsort(kind="stable"))
