"""Statistics of the columns of a file: nulls, distinct values, extremes."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from waybill.columns.check_result import Array
from waybill.columns.distinct import DistinctValues
from waybill.columns.extremes import Extremes, order_of
from waybill.contract.model import Column, Contract

# Blocks are counted together: of a column with few values the calls cost more than the work.
_MIN_RECORDS = 65_536
_MIN_BYTES = 16 * 1024 * 1024
_MIN_LIMIT, _MAX_LIMIT = 64, 1024
# A chunk that is the whole file stores no fingerprints.
_MAX_LIMIT_OF_WHOLE = 4096
# Of all columns together, so that a chunk of a wide table stores about a megabyte.
_MAX_FINGERPRINTS = 65_536


class FileStatistics:
    """Statistics of the columns that a file fills, over its valid records.

    A value counts as it is staged, so `01` and `1` are one integer.
    """

    def __init__(self, contract: Contract, filled: Sequence[str], *, is_whole: bool) -> None:
        """Of a part of a file, unless `is_whole`."""
        columns = [column for column in contract.columns if column.name in set(filled)]
        limit = _MAX_FINGERPRINTS // max(len(columns), 1)
        most = _MAX_LIMIT_OF_WHOLE if is_whole else _MAX_LIMIT
        self._limit = max(_MIN_LIMIT, min(most, limit))
        self._is_whole = is_whole
        self._columns = [_ColumnStatistics(column, self._limit) for column in columns]
        self._waiting: list[pa.RecordBatch] = []
        self._records = self._bytes = 0

    def add(self, staged: pa.RecordBatch) -> None:
        """Count the records of a batch of the staging table."""
        self._waiting.append(staged)
        self._records += staged.num_rows
        self._bytes += staged.get_total_buffer_size()
        if self._records >= _MIN_RECORDS or self._bytes >= _MIN_BYTES:
            self._count()

    def result(self, *, is_cut: bool = False) -> list[dict[str, Any]]:
        """One object for each column, as `waybill.finish_chunk` stores them.

        `distinct` and `exact` are of these records alone. Unless they are all of the file's,
        `fingerprints`, at most `limit` of them, are what the count over all parts is made of.
        With `is_cut`, what began as a whole file was one part.
        """
        self._count()
        is_whole = self._is_whole and not is_cut
        limit = self._limit if is_whole else min(self._limit, _MAX_LIMIT)
        return [column.result(limit, is_whole=is_whole) for column in self._columns]

    def _count(self) -> None:
        waiting, self._waiting = self._waiting, []
        self._records = self._bytes = 0
        if waiting:
            table = pa.Table.from_batches(waiting)
            waiting.clear()
            for column in self._columns:
                values = table.column(column.name)
                # One chunk is not copied.
                is_one = values.num_chunks == 1
                column.add(values.chunk(0) if is_one else values.combine_chunks())


class _ColumnStatistics:
    def __init__(self, column: Column, limit: int) -> None:
        self.name = column.name
        self._order = order_of(column)
        self._records = self._nulls = 0
        self._distinct = DistinctValues(limit)
        self._extremes = Extremes(column)

    def add(self, values: Array) -> None:
        self._records += len(values)
        self._nulls += values.null_count
        values = self._distinct.reduced(values.drop_null() if values.null_count else values)
        self._distinct.add(values)
        self._extremes.add(values)

    def result(self, limit: int, *, is_whole: bool) -> dict[str, Any]:
        distinct = self._distinct.count(self._records - self._nulls)
        lowest, highest = self._extremes.texts()
        return {
            "name": self.name,
            "order": self._order,
            "nulls": self._nulls,
            "distinct": distinct.values,
            "exact": distinct.is_exact,
            "min": lowest,
            "max": highest,
            "limit": limit,
            "fingerprints": [] if is_whole else self._distinct.kept[:limit],
        }
