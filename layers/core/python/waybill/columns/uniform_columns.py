"""The columns of JSON records that are alike, by the same rules as those of other records."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from waybill.columns.check_result import Array, null_where, to_mask
from waybill.columns.formats import ColumnFormat, column_formats
from waybill.columns.json_drift import JsonDrift
from waybill.columns.json_values import JSON_KINDS, ScalarTexts
from waybill.columns.uniform_json import UniformRecords, Values, read_uniform
from waybill.contract.model import Contract
from waybill.records.block import Block, Positions
from waybill.records.column_names import ColumnNames
from waybill.records.grammar import QUOTE
from waybill.records.layout import Layout


class Rows(NamedTuple):
    """Some records of a block, in their order."""

    indices: Positions
    texts: list[Array]
    """Per column of the layout a `string` array with a value per record."""
    present: list[int]
    """Of each, the columns that it has: bit n stands for the column n."""


class UniformRows(NamedTuple):
    """Those of a block that are alike."""

    rows: Rows

    def others(self, block: Block) -> list[int]:
        """Indices of the other records."""
        is_other = np.ones(block.record_count, bool)
        is_other[self.rows.indices] = False
        return list(map(int, np.flatnonzero(is_other)))

    def with_others(self, others: Rows) -> Rows:
        """These and others, in the order of the block."""
        if not len(others.indices):
            return self.rows
        indices = np.concatenate([self.rows.indices, others.indices])
        order = np.argsort(indices)
        texts = [
            pa.concat_arrays(parts).take(pa.array(order))
            for parts in zip(self.rows.texts, others.texts, strict=True)
        ]
        present = [*self.rows.present, *others.present]
        return Rows(indices[order], texts, [present[place] for place in order])


class UniformReader:
    """Reads records with the same plain fields; not those with others, which are no columns."""

    def __init__(self, contract: Contract, layout: Layout, drift: JsonDrift | None) -> None:
        self._contract = contract
        self._names = ColumnNames(contract)
        self._columns = layout.columns
        self._drift = drift
        formats = column_formats(contract)
        self._rules = {
            name: ScalarTexts.of(contract.column(name), formats.get(name) or ColumnFormat())
            for name in layout.columns
        }
        self._skips = contract.document is not None

    def read(self, block: Block) -> UniformRows | None:
        """The records that are alike, if they are many; None if each is to be read by itself."""
        found = None if self._skips else read_uniform(block)
        columns = None if found is None else self._columns_of(found.fields)
        if found is None or columns is None:
            return None
        texts = self._texts(found, columns)
        if texts is None:
            return None
        count = len(found.indices)
        present = sum(1 << self._columns.index(name) for name in columns)
        if self._drift is not None and count:
            self._drift.note_columns(present, count)
            self._drift.note_added(found.fields.keys() - set(columns.values()), count)
        return UniformRows(Rows(found.indices, texts, count * [present]))

    def _columns_of(self, keys: Iterable[str]) -> dict[str, str] | None:
        """The keys by column; None if they need a look at each record."""
        found = {key: self._names.find(key) for key in keys}
        columns = {name: key for key, name in found.items() if name is not None}
        added = [key for key, name in found.items() if name is None]
        is_kept = self._contract.drift == "refuse" or self._contract.rescued is not None
        if not columns or len(columns) + len(added) < len(found) or (added and is_kept):
            return None
        is_json = any(self._contract.column(name).kind in JSON_KINDS for name in columns)
        return None if is_json else columns

    def _texts(self, found: UniformRecords, columns: dict[str, str]) -> list[Array] | None:
        count = len(found.indices)
        texts: list[Array] = []
        for name in self._columns:
            if name not in columns:
                texts.append(pa.nulls(count, pa.string()))
                continue
            converted = _converted(found.fields[columns[name]], self._rules[name])
            if converted is None:
                return None
            texts.append(converted)
        return texts


def _converted(values: Values, rules: ScalarTexts) -> Array | None:
    """The texts of a column; None if its numbers need a look at each."""
    texts, firsts = values
    for word, letter in ((rules.true, b"t"), (rules.false, b"f")):
        rows = firsts == letter[0]
        if rows.any():
            texts = pc.if_else(pa.array(rows), pa.scalar(word, pa.string()), texts)
    if rules.decimal is not None and (np.isin(firsts, list(b"-0123456789"))).any():
        return None
    if rules.empty is None and (firsts == QUOTE).any():
        texts = null_where(to_mask(pc.equal(texts, "")), texts)
    return texts
