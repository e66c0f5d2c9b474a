"""The records of a block as columns of text, whatever their file format."""

import json
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from waybill.columns.check_result import Array, Mask
from waybill.records.block import Block, Positions


class Absence:
    """Which columns of the layout each valid record lacks."""

    def __init__(self, columns: Sequence[str], present: Sequence[int]) -> None:
        """`present` has a number per record, in which bit n stands for the column n."""
        self._columns = columns
        self._present = present

    def of(self, position: int) -> Mask:
        """The records that lack the column."""
        return np.array([not present >> position & 1 for present in self._present], bool)

    def take(self, indices: Sequence[int]) -> "Absence":
        """The same of these records."""
        return Absence(self._columns, [self._present[index] for index in indices])

    def names(self) -> Array:
        """Per record, a JSON array of the names, or null if it lacks none."""
        texts = {present: self._text(present) for present in set(self._present)}
        return pa.array([texts[present] for present in self._present], pa.string())

    def _text(self, present: int) -> str | None:
        absent = [name for n, name in enumerate(self._columns) if not present >> n & 1]
        return json.dumps(absent, ensure_ascii=False) if absent else None


class Records(NamedTuple):
    """A block as its reader parsed it."""

    block: Block
    valid: Positions
    """Indices of the records that could be parsed."""
    texts: list[Array]
    """Per column of the layout a `string` array with a value per valid record."""
    malformed: tuple[Array, ...]
    """The other records, as RecordBatches of `REJECTS`."""
    absent: Absence | None = None
    """None if every record has every column of the layout."""

    def only(self, kept: Mask) -> "Records":
        """These records, and all malformed ones."""
        if kept.all():
            return self
        indices = np.flatnonzero(kept)
        return self._replace(
            valid=self.valid[indices],
            texts=[texts.take(pa.array(indices)) for texts in self.texts],
            absent=self.absent and self.absent.take(indices.tolist()),
        )
