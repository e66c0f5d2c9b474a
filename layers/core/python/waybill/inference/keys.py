"""Which columns no two records share, alone or as a pair."""

from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from waybill.columns.check_result import Array
from waybill.inference.draft import Draft

_KINDS = frozenset(["int4", "int8", "text", "uuid", "date", "timestamp", "timestamptz"])
_TIMES = frozenset(["date", "timestamp", "timestamptz"])
_LONGEST = 200
"""Characters of a key; an index entry has room for 2,704 bytes."""
_MOST_SINGLES = 32
_MOST_PAIRED = 8
_MOST_RECORDS = 5_000_000
_PAIR_RECORDS = 200_000
_NAMES = ("id", "key", "code", "uuid", "guid", "number", "no", "nr", "num", "sku", "isbn")


def is_key_name(name: str) -> bool:
    """Whether a name says that it identifies something: `id`, `order_no`, `customerid`."""
    words = name.lower().split("_")
    return words[-1] in _NAMES or words[0] in _NAMES or words[-1].endswith("id")


class Candidate(NamedTuple):
    """Columns that no two of the records share."""

    columns: tuple[str, ...]
    records: int


class Uniqueness:
    """Compares the values of columns that may be a key.

    A value is compared by 64 bits of it, so that two different ones may count as the same, which
    makes a candidate less, never one more.
    """

    def __init__(self, draft: Draft) -> None:
        self._kinds = {name: draft.reading(name).kind for name in draft.columns}
        able = [
            name
            for name in draft.columns
            if self._kinds[name] in _KINDS
            and not draft.nulls(name)
            and draft.evidence[name].longest <= _LONGEST
        ]
        self._names = sorted(able, key=self._rank)[:_MOST_SINGLES]
        self._values: dict[str, list[NDArray[np.int64]]] = {name: [] for name in self._names}
        self._pairs = self._names[:_MOST_PAIRED]
        self.records = 0
        self.times: dict[str, tuple[int, int]] = {}
        """The first and last month, counted from the year 0, of times that every record has."""
        self._timed = [name for name in draft.columns if self._is_time(draft, name)]

    def _is_time(self, draft: Draft, name: str) -> bool:
        return self._kinds[name] in _TIMES and not draft.nulls(name)

    def _rank(self, name: str) -> tuple[bool, bool]:
        """Names of keys first, times last; otherwise the order of the file."""
        return self._kinds[name] in _TIMES, not is_key_name(name)

    def add(self, staged: Array) -> None:
        """Take the rows of a block."""
        self._add_times(staged)
        before = self.records
        self.records = min(before + staged.num_rows, _MOST_RECORDS)
        room = self.records - before
        for name in self._names:
            self._values[name].append(_fingerprints(staged.column(name).slice(0, room)))

    def _add_times(self, staged: Array) -> None:
        for name in self._timed:
            low, high = pc.min_max(staged.column(name)).values()
            if not low.is_valid:
                continue
            months = [12 * time.as_py().year + time.as_py().month - 1 for time in (low, high)]
            first, last = self.times.get(name, (months[0], months[1]))
            self.times[name] = (min(first, months[0]), max(last, months[1]))

    def candidates(self) -> list[Candidate]:
        """The single columns, best first; pairs only if there is none."""
        joined = {name: np.concatenate(parts) for name, parts in self._values.items() if parts}
        singles = [
            Candidate((name,), self.records)
            for name, values in joined.items()
            if _all_differ(values)
        ]
        return singles or list(self._paired(joined))

    def _paired(self, joined: dict[str, NDArray[np.int64]]) -> Iterator[Candidate]:
        count = min(self.records, _PAIR_RECORDS)
        codes = {
            name: np.unique(joined[name][:count], return_inverse=True)[1].ravel()
            for name in self._pairs
            if name in joined
        }
        for left, right in combinations(codes, 2):
            combined = codes[left].astype(np.int64) * (count + 1) + codes[right]
            if _all_differ(combined):
                yield Candidate((left, right), count)


def _all_differ(values: NDArray[np.int64]) -> bool:
    ordered = np.sort(values)
    return bool((ordered[1:] != ordered[:-1]).all())


def _fingerprints(values: Array) -> NDArray[np.int64]:
    if pa.types.is_string(values.type):
        texts = values.to_pylist()
        # Two spellings of one UUID are the same value.
        hashes = (hash(text.lower() if len(text) == 36 else text) for text in texts)
        return np.fromiter(hashes, np.int64, len(texts))
    whole = pa.int32() if values.type.bit_width == 32 else pa.int64()
    numbers: NDArray[np.int64] = values.view(whole).to_numpy(zero_copy_only=False)
    return numbers.astype(np.int64)
