"""Checks a block of records against the contract."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from waybill.columns import codes
from waybill.columns.check_result import Array, CheckResult, Failure, Mask, mask_of
from waybill.columns.csv_records import CsvReader
from waybill.columns.custom_formats import booleans as written_booleans
from waybill.columns.custom_formats import moments, numbers
from waybill.columns.formats import Written, formats_of
from waybill.columns.json_records import JsonReader
from waybill.columns.numbers import decimals, floats, whole_numbers
from waybill.columns.raw import record_bytes
from waybill.columns.records import Records
from waybill.columns.rejects import Complaint, refused_records
from waybill.columns.scalars import anything, booleans, texts, uuids
from waybill.columns.stage import stage_schema, stage_type
from waybill.columns.times import dates, timestamps
from waybill.contract.model import Column, Contract
from waybill.records.block import Block
from waybill.records.layout import Layout

Check = Callable[[Array, Column], CheckResult]
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
        """Raises `Rejected` (contract-broken) when a format means nothing for its column."""
        self._contract = contract
        self._layout = layout
        self._chunk = chunk
        self._places = {name: index for index, name in enumerate(layout.columns)}
        reader = CsvReader if layout.file_format == "csv" else JsonReader
        self._reader = reader(contract, layout)
        self._written = formats_of(contract)
        self.schema = stage_schema(contract)

    def check(self, block: Block) -> Checked:
        """Split the block's records into those that may be staged and those refused."""
        records = self._reader.read(block)
        verdicts = [
            check_column(column, text, self._written.get(column.name))
            for column, text in zip(self._columns(), records.texts, strict=True)
        ]
        complaints = [
            Complaint(place, failure)
            for place, verdict in enumerate(verdicts)
            for failure in verdict.failures
        ]
        bad = np.zeros(len(records.sound), bool)
        for complaint in complaints:
            bad |= complaint.failure.rows
        rejects = list(records.broken)
        if complaints:
            rejects.append(refused_records(records, self._layout, complaints, bad))
        staged = self._staged(records, [verdict.values for verdict in verdicts], bad)
        return Checked(staged, tuple(rejects), block.record_count)

    def _columns(self) -> list[Column]:
        return [self._contract.column(name) for name in self._layout.columns]

    def _staged(self, records: Records, values: list[Array], bad: Mask) -> Array:
        kept = np.flatnonzero(~bad)
        count = len(kept)
        if count < len(bad):
            indices = pa.array(kept)
            values = [array.take(indices) for array in values]
        sound = records.sound[kept]
        arrays = [
            pa.array(np.full(count, self._chunk, np.int32)),
            pa.array(records.block.lines[sound]),
        ]
        for column in self._contract.columns:
            place = self._places.get(column.name)
            # What the file does not have is null; the merge puts the default there.
            absent = place is None
            arrays.append(pa.nulls(count, stage_type(column)) if absent else values[place or 0])
        if self._contract.keeps_raw:
            arrays.append(record_bytes(records.block, sound).cast(pa.string()))
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)


def check_column(column: Column, strings: Array, written: Written | None = None) -> CheckResult:
    """What the contract says of a column of text: its values in their stage's type.

    `written` is how the column is written where that is not the default.
    """
    check = _BY_STAGE.get(column.stage) or _BY_KIND.get(column.kind, anything)
    values, found = _written(column, strings, written, check) if written else check(strings, column)
    if column.nullable or not strings.null_count:
        return CheckResult(values, found)
    missing = Failure(codes.REQUIRED, "expected a value", mask_of(strings.is_null()))
    return CheckResult(values, (*found, missing))


def _written(column: Column, strings: Array, written: Written, check: Check) -> CheckResult:
    if written.has_numbers:
        return numbers(strings, column, written, check)
    if column.kind == "bool":
        return written_booleans(strings, column, written)
    if written.pattern or written.zone:
        return moments(strings, column, written)
    return check(strings, column)
