"""Checks a block of records against the contract."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from waybill.columns import codes
from waybill.columns.check_result import Array, CheckResult, Mask, Violation, to_mask
from waybill.columns.clock_times import clock_times, intervals
from waybill.columns.csv_records import CsvReader
from waybill.columns.custom_formats import custom_booleans, custom_numbers
from waybill.columns.dialect_advice import with_quote_advice
from waybill.columns.formats import ColumnFormat, column_formats
from waybill.columns.json_columns import json_values
from waybill.columns.json_records import JsonReader
from waybill.columns.numbers import decimals, floats, integers
from waybill.columns.raw import record_bytes
from waybill.columns.records import Absence, Records
from waybill.columns.rejects import ColumnViolation, invalid_rejects
from waybill.columns.scalars import booleans, texts, unchecked, uuids
from waybill.columns.stage import stage_schema, stage_type, tracks_absence
from waybill.columns.suggest_formats import with_suggestions
from waybill.columns.temporal import custom_times
from waybill.columns.times import dates, timestamps
from waybill.columns.transform import Rules
from waybill.columns.typed_records import TypedReader
from waybill.contract.drift import Drift
from waybill.contract.model import Column, Contract
from waybill.records.block import Block
from waybill.records.layout import Layout
from waybill.records.stray_quotes import stray_quote_warnings

Check = Callable[[Array, Column], CheckResult]
_BY_STAGE: dict[str, Check] = {
    "int2": integers,
    "int4": integers,
    "int8": integers,
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
    "time": clock_times,
    "timetz": clock_times,
    "interval": intervals,
    "json": json_values,
    "jsonb": json_values,
}


_MAX_WARNINGS = 10


class BlockResult(NamedTuple):
    """A block's records, each staged, rejected or filtered; `read` is the sum."""

    staged: Array
    """A RecordBatch of `stage_schema`."""
    rejects: tuple[Array, ...]
    """RecordBatches of `REJECTS`."""
    read: int
    filtered: int = 0
    """Number of records that the contract's filter leaves out."""

    @property
    def rejected(self) -> int:
        """Number of rejected records."""
        return sum(batch.num_rows for batch in self.rejects)


class Checker:
    """Checks the blocks of one chunk."""

    def __init__(self, contract: Contract, layout: Layout, chunk: int) -> None:
        """Raises `Rejected` (`contract-broken`) if a format does not fit its column."""
        self._contract = contract
        self._layout = layout
        self._chunk = chunk
        self._fields = {name: index for index, name in enumerate(layout.columns)}
        self._reader = _reader(contract, layout)
        self._formats = column_formats(contract)
        self._rules = Rules(contract)
        self.schema = stage_schema(contract, layout)
        self.warnings: dict[str, None] = {}
        """For the user: at most ten, each once."""

    @property
    def drift(self) -> tuple[Drift, ...] | None:
        """How JSON records so far differ from the table; None for CSV, whose header tells it."""
        reader = self._reader
        return reader.drift.found if isinstance(reader, JsonReader) and reader.drift else None

    def check(self, block: Block) -> BlockResult:
        """Split the block's records into rows to stage, rejects and filtered records."""
        return self.check_and_keep(block)[1]

    def check_and_keep(self, block: Block) -> tuple[Records, BlockResult]:
        """As `check`, with the records as they were read."""
        read = self._reader.read(block)
        texts, kept = self._transform(read)
        # Rejects show the values as the file has them, since a replay applies the rules again.
        records = read.only(kept)
        results = [
            self._check_column(field, strings, records.absent)
            for field, strings in enumerate(texts)
        ]
        violations = [
            ColumnViolation(field, self._advised(violation, texts[field]))
            for field, result in enumerate(results)
            for violation in result.violations
        ]
        invalid = np.zeros(len(records.valid), bool)
        for found in violations:
            invalid |= found.violation.rows
        for warning in self._warnings(block, violations):
            if len(self.warnings) < _MAX_WARNINGS:
                self.warnings[warning] = None
        rejects = list(records.malformed)
        if violations:
            rejects.append(invalid_rejects(records, self._layout, violations, invalid))
        staged = self._staged(records, [result.values for result in results], invalid)
        filtered = int(len(kept) - kept.sum())
        return read, BlockResult(staged, tuple(rejects), block.record_count, filtered)

    def _transform(self, records: Records) -> tuple[list[Array], Mask]:
        """The texts of the records that the filter keeps, and which these are."""
        names = self._layout.columns
        texts = [
            self._rules.apply(name, strings)
            for name, strings in zip(names, records.texts, strict=True)
        ]
        kept = self._rules.kept(dict(zip(names, texts, strict=True)), len(records.valid))
        if not kept.all():
            indices = pa.array(np.flatnonzero(kept))
            texts = [strings.take(indices) for strings in texts]
        return texts, kept

    def _advised(self, violation: Violation, strings: Array) -> Violation:
        if self._layout.file_format != "csv":
            return violation
        return with_quote_advice(violation, strings, self._layout.marks)

    def _warnings(self, block: Block, violations: list[ColumnViolation]) -> Iterator[str]:
        layout = self._layout
        if layout.file_format == "csv":
            yield from stray_quote_warnings(block, layout.marks, layout.width)
        for field, violation in violations:
            if violation.advice:
                name = layout.columns[field]
                yield f"Column {name}: {violation.advice} to load the rejected values."

    def _check_column(self, field: int, strings: Array, absence: Absence | None) -> CheckResult:
        column = self._contract.column(self._layout.columns[field])
        may_lack = absence is not None and not column.nullable and not column.required
        absent = absence.of(field) if absence is not None and may_lack else None
        return check_column(column, strings, self._formats.get(column.name), absent)

    def _staged(self, records: Records, values: list[Array], invalid: Mask) -> Array:
        kept = np.flatnonzero(~invalid)
        count = len(kept)
        if count < len(invalid):
            indices = pa.array(kept)
            values = [array.take(indices) for array in values]
        valid = records.valid[kept]
        arrays = [
            pa.array(np.full(count, self._chunk, np.int32)),
            pa.array(records.block.lines[valid]),
        ]
        for column in self._contract.columns:
            field = self._fields.get(column.name)
            # A column that the file lacks is null here; the merge fills in its default.
            arrays.append(pa.nulls(count, stage_type(column)) if field is None else values[field])
        if self._contract.keeps_raw:
            arrays.append(record_bytes(records.block, valid).cast(pa.string()))
        if tracks_absence(self._contract, self._layout) and records.absent is not None:
            arrays.append(records.absent.names().take(pa.array(kept)))
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)


def _reader(contract: Contract, layout: Layout) -> CsvReader | JsonReader | TypedReader:
    if layout.is_binary:
        return TypedReader(layout)
    return (
        CsvReader(contract, layout) if layout.file_format == "csv" else JsonReader(contract, layout)
    )


def check_column(
    column: Column,
    strings: Array,
    column_format: ColumnFormat | None = None,
    absent: Mask | None = None,
) -> CheckResult:
    """Check a column of text against the contract and convert it to its staging type.

    Args:
        column: the column.
        strings: its texts.
        column_format: its declared format, if it has one.
        absent: rows that leave the column to its default, so that null is no violation.
    """
    check = _BY_STAGE.get(column.stage) or _BY_KIND.get(column.kind, unchecked)
    result = (
        _check_format(column, strings, column_format, check)
        if column_format
        else check(strings, column)
    )
    values, violations = with_suggestions(column, strings, result, column_format or ColumnFormat())
    if column.personal:
        violations = tuple(each._replace(is_personal=True) for each in violations)
    if column.nullable or not strings.null_count:
        return CheckResult(values, violations)
    missing = to_mask(strings.is_null())
    if absent is not None:
        missing &= ~absent
    violation = Violation(codes.REQUIRED, "expected a value", missing)
    return CheckResult(values, (*violations, violation) if missing.any() else violations)


def _check_format(
    column: Column, strings: Array, column_format: ColumnFormat, check: Check
) -> CheckResult:
    if column_format.has_number_marks:
        return custom_numbers(strings, column, column_format, check)
    if column.kind == "bool":
        return custom_booleans(strings, column_format)
    if column_format.pattern or column_format.zone:
        return custom_times(strings, column, column_format)
    return check(strings, column)
