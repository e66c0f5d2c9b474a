"""Counts distinct values in little memory, also over parts that are counted apart."""

from typing import NamedTuple

import numpy as np
import pyarrow.compute as pc

from waybill.columns.check_result import Array
from waybill.columns.fingerprints import END, LONG_TEXT, Fingerprints, fingerprints

# Where fewer than one value in so many is kept, few of a block are: cheaper than to deduplicate.
_RARE = 16


class DistinctCount(NamedTuple):
    """A number of distinct values; an estimate if not exact."""

    values: int
    is_exact: bool


class DistinctValues:
    """The `limit` smallest fingerprints of a column's values.

    Up to `limit` distinct values the count is exact. Of more it is estimated from how close the
    fingerprints are; the standard error is 1/√limit. The smallest ones of several parts are
    among those of the parts, so that parts can be counted apart.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept: Fingerprints = np.zeros(0, np.uint64)
        self._below = END

    @property
    def kept(self) -> list[int]:
        """The smallest fingerprints, ascending."""
        kept: list[int] = self._kept.tolist()
        return kept

    def reduced(self, values: Array) -> Array:
        """The values, perhaps without repetitions, whichever is less work."""
        # Long texts are not copied: there may be only one in a block.
        is_worth_it = self._below * _RARE > END and values.nbytes <= LONG_TEXT * len(values)
        return pc.unique(values) if is_worth_it else values

    def add(self, values: Array) -> None:
        """Count these values, none of which is null."""
        found = fingerprints(values)
        found = found[found < self._below]
        if not len(found):
            return
        # Sorting is faster than `np.unique`, which hashes.
        merged = np.sort(np.concatenate([self._kept, found]))
        is_first = np.append(True, merged[1:] != merged[:-1])
        self._kept = merged[is_first][: self._limit]
        if len(self._kept) == self._limit:
            # Up to this one the largest: it may come again.
            self._below = int(self._kept[-1])

    def count(self, filled: int) -> DistinctCount:
        """The distinct values among `filled` ones."""
        if len(self._kept) < self._limit:
            return DistinctCount(len(self._kept), is_exact=True)
        estimate = round((self._limit - 1) * END / int(self._kept[-1]))
        return DistinctCount(min(estimate, filled), is_exact=False)
