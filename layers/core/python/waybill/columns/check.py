"""Checks a block of records against the contract."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from waybill.columns import codes
from waybill.columns.numbers import decimals, floats, whole_numbers
from waybill.columns.parse import parse
from waybill.columns.raw import record_bytes
from waybill.columns.rejects import Complaint, broken_records, refused_records
from waybill.columns.stage import stage_schema, stage_type
from waybill.columns.times import dates, timestamps
from waybill.columns.verdict import Array, Failure, Mask, Verdict, mask_of
from waybill.columns.words import anything, booleans, texts, uuids
from waybill.contract.model import Column, Contract
from waybill.records.block import Block
from waybill.records.fields import Judged, judge
from waybill.records.layout import Layout

Check = Callable[[Array, Column], Verdict]
_BY_STAGE: dict[str, Check] = {
    "int2": whole_numbers,
    "int4": whole_numbers,
    "int8": whole_numbers,
    "float4": floats,
    "float8": floats,
    "bool": booleans,
    "date": dates,
    "timestamp": timestamps,
    "timestamptz": timestamps,
}
_BY_KIND: dict[str, Check] = {
    "numeric": decimals,
    "uuid": uuids,
    "text": texts,
    "varchar": texts,
    "bpchar": texts,
}


class Checked(NamedTuple):
    """A block's records: staged and rejected; `read` is the sum of both."""

    staged: Array
    """A RecordBatch of `stage_schema`."""
    rejects: tuple[Array, ...]
    """RecordBatches of `REJECTS`."""
    read: int

    @property
    def rejected(self) -> int:
        """How many records were refused."""
        return sum(batch.num_rows for batch in self.rejects)


class Checker:
    """Checks the blocks of one chunk."""

    def __init__(self, contract: Contract, layout: Layout, chunk: int) -> None:
        self._contract = contract
        self._layout = layout
        self._chunk = chunk
        self._places = {name: index for index, name in enumerate(layout.columns)}
        self.schema = stage_schema(contract)

    def check(self, block: Block) -> Checked:
        """Split the block's records into those that may be staged and those refused."""
        judged = judge(block, self._layout.delimiter, len(self._layout.columns))
        strings = parse(judged, self._layout, self._contract)
        verdicts = [
            _verdict(column, text) for column, text in zip(self._columns(), strings, strict=True)
        ]
        complaints = [
            Complaint(place, failure)
            for place, verdict in enumerate(verdicts)
            for failure in verdict.failures
        ]
        bad = np.zeros(len(judged.sound), bool)
        for complaint in complaints:
            bad |= complaint.failure.rows
        rejects = [broken_records(judged, len(strings))] if len(judged.sound) < block.read else []
        if complaints:
            rejects.append(refused_records(judged, self._layout, strings, complaints, bad))
        staged = self._staged(judged, [verdict.values for verdict in verdicts], bad)
        return Checked(staged, tuple(rejects), block.read)

    def _columns(self) -> list[Column]:
        return [self._contract.column(name) for name in self._layout.columns]

    def _staged(self, judged: Judged, values: list[Array], bad: Mask) -> Array:
        kept = np.flatnonzero(~bad)
        count = len(kept)
        if count < len(bad):
            indices = pa.array(kept)
            values = [array.take(indices) for array in values]
        sound = judged.sound[kept]
        arrays = [
            pa.array(np.full(count, self._chunk, np.int32)),
            pa.array(judged.block.lines[sound]),
        ]
        for column in self._contract.columns:
            place = self._places.get(column.name)
            # What the file does not have is null; the merge puts the default there.
            absent = place is None
            arrays.append(pa.nulls(count, stage_type(column)) if absent else values[place or 0])
        if self._contract.keeps_raw:
            arrays.append(record_bytes(judged.block, sound).cast(pa.string()))
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)


def _verdict(column: Column, strings: Array) -> Verdict:
    check = _BY_STAGE.get(column.stage) or _BY_KIND.get(column.kind, anything)
    values, found = check(strings, column)
    if column.nullable or not strings.null_count:
        return Verdict(values, found)
    missing = Failure(codes.REQUIRED, "expected a value", mask_of(strings.is_null()))
    return Verdict(values, (*found, missing))
