"""The order in which records are staged: those of one partition side by side."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from waybill.contract.model import Partitioning

_UNITS = {"year": "Y", "month": "M", "day": "D"}
# numpy sorts integers of 16 bits in linear time.
_MAX_PARTITIONS = 2**15


def side_by_side(rows: pa.RecordBatch, partitioning: Partitioning | None) -> pa.RecordBatch:
    """The rows, those of one partition together and in their order.

    A merge that fills many partitions then writes each for a while: rows in turn, each to another
    partition, take several times as long. Which row is staged first decides nothing, since each
    has its line.
    """
    if partitioning is None or rows.num_rows == 0:
        return rows
    moments = rows.column(partitioning.column)
    if not pa.types.is_temporal(moments.type):
        # The database reads the text, and finds the partition.
        return rows
    order = _order(_partitions(moments, partitioning.unit))
    return rows if order is None else rows.take(pa.array(order))


def _partitions(moments: Any, unit: str) -> NDArray[np.int64]:  # noqa: ANN401 - an Arrow array
    """The number of each moment's partition; that of null is the lowest."""
    if moments.type != pa.date32():
        # numpy has no time zones; these are in UTC.
        moments = moments.cast(pa.timestamp("us"))
    numbers: NDArray[np.int64] = (
        moments.to_numpy(zero_copy_only=False)
        .astype(f"datetime64[{_UNITS[unit]}]")
        .astype(np.int64)
    )
    return numbers


def _order(partitions: NDArray[np.int64]) -> NDArray[np.int64] | None:
    """The order of the rows; None for the one that they have."""
    if (partitions[1:] >= partitions[:-1]).all():
        return None
    first, last = int(partitions.min()), int(partitions.max())
    if last - first < _MAX_PARTITIONS:
        return (partitions - first).astype(np.int16).argsort(kind="stable")
    return partitions.argsort(kind="stable")
