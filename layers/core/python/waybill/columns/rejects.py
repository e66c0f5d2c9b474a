"""The rejected records of a block, as rows of `waybill.validation_errors`."""

import json
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from waybill.columns import codes
from waybill.columns.check_result import Array, Mask, Violation, null_where, to_mask
from waybill.columns.dialect_advice import malformed_advice
from waybill.columns.json_text import concat, escape_json, json_objects
from waybill.columns.places import with_places
from waybill.columns.raw import record_bytes
from waybill.columns.records import Records
from waybill.columns.stage import JSONB
from waybill.records.block import Block, Positions
from waybill.records.fields import CheckedBlock
from waybill.records.grammar import Fault
from waybill.records.layout import Layout
from waybill.records.marks import Marks

REJECTS = pa.schema(
    [
        pa.field("line", pa.int64()),
        pa.field("raw", pa.binary()),
        pa.field("values", pa.string(), metadata=JSONB),
        pa.field("errors", pa.string(), metadata=JSONB),
    ]
)
_MAX_SHOWN = 60
_MAX_VALUE_BYTES = 1024 * 1024


class ColumnViolation(NamedTuple):
    """A violation and the index of its field in the file."""

    field: int
    violation: Violation


class RejectReason(NamedTuple):
    """One error of a record, as stored."""

    column: str | None
    code: str
    message: str


def by_line(batches: Sequence[pa.RecordBatch]) -> Sequence[pa.RecordBatch]:
    """Rejects of a block, those of each kind by line, as one batch by line.

    The key of their table, which is by line, is then only appended to: otherwise it splits its
    pages in the middle, which takes longer and leaves them half empty.
    """
    filled = [batch for batch in batches if batch.num_rows]
    if len(filled) < 2:
        return filled
    (batch,) = pa.Table.from_batches(filled).combine_chunks().to_batches()
    return [batch.take(pa.array(np.argsort(batch["line"].to_numpy(), kind="stable")))]


def unparsable_rejects(block: Block, reasons: dict[int, list[RejectReason]]) -> Array:
    """Records that could not be parsed, with their reasons by record index; without values."""
    errors = [
        json.dumps([reason._asdict() for reason in each], ensure_ascii=False)
        for each in reasons.values()
    ]
    at = np.array(list(reasons), np.int64)
    return _batch(
        block,
        at,
        record_bytes(block, at),
        _no_values(len(reasons)),
        pa.array(errors, pa.string()),
    )


def malformed_rejects(checked: CheckedBlock, expected: int, marks: Marks | None = None) -> Array:
    """Malformed records, with one reason each and without values; `marks` are those of a CSV."""
    block = checked.block
    malformed = np.flatnonzero(block.faults != Fault.OK)
    faults = block.faults[malformed]
    raw = record_bytes(block, malformed)
    errors = pa.array(np.full(len(malformed), "", dtype=object), pa.string())
    for fault in map(Fault, np.unique(faults)):
        code = codes.fault_code(fault)
        before, after = _error(None, code, "\0").split("\\u0000")
        said: Array | str = json.dumps(codes.MEANINGS[code], ensure_ascii=False)[1:-1]
        if fault == Fault.FIELD_COUNT:
            counts = pa.array(checked.field_counts[malformed]).cast(pa.string())
            said = concat(f"expected {expected} fields, found ", counts)
        advice = "" if marks is None else malformed_advice(block.data, raw, fault, marks)
        if not isinstance(advice, str):
            advice = escape_json(advice)
        texts = concat(pa.repeat(before, len(raw)), said, advice, after)
        errors = pc.if_else(pa.array(faults == fault), texts, errors)
    return _batch(block, malformed, raw, _no_values(len(malformed)), errors)


def invalid_rejects(
    records: Records, layout: Layout, column_violations: list[ColumnViolation], invalid: Mask
) -> Array:
    """Parsed records with invalid values, with every reason and all values."""
    rows = np.flatnonzero(invalid)
    indices = pa.array(rows)
    texts = [array.take(indices) for array in records.texts]
    lines = records.block.lines[records.valid[rows]]
    errors = [
        with_places(
            violation_errors(layout.columns[field], violation, texts[field], rows),
            layout,
            layout.columns[field],
            lines,
            records.block.row_group,
        )
        for field, violation in column_violations
    ]
    joined = pc.binary_join_element_wise(*errors, ", ", null_handling="skip")
    values = json_objects(list(zip(layout.columns, map(_bounded, texts), strict=True)))
    if records.absent is not None:
        values = _without_absent(values, records.absent.names().take(indices))
    at = records.valid[rows]
    raw = record_bytes(records.block, at)
    return _batch(records.block, at, raw, values, concat("[", joined, "]"))


def _bounded(texts: Array) -> Array:
    """The texts, null where too long to be kept twice; the raw record has them."""
    too_long = to_mask(pc.greater(pc.binary_length(texts), _MAX_VALUE_BYTES))
    return null_where(too_long, texts)


def _without_absent(values: Array, absent: Array) -> Array:
    """The values without the columns that the record lacks: a replay must not null them."""
    kept = [
        text if names is None else _without(text, json.loads(names))
        for text, names in zip(values.to_pylist(), absent.to_pylist(), strict=True)
    ]
    return pa.array(kept, pa.string())


def _without(text: str, names: list[str]) -> str:
    members = json.loads(text)
    for name in names:
        del members[name]
    return json.dumps(members, ensure_ascii=False)


def violation_errors(column: str, violation: Violation, texts: Array, rows: Array) -> Array:
    """Per row a JSON object (column, code, message), or null if the row has no violation.

    Args:
        column: the column's name.
        violation: the violation, whose mask covers all rows of the block.
        texts: the column's texts at `rows`.
        rows: indices of the rows to return.
    """
    has_violation = pa.array(violation.rows[rows])
    if violation.code == codes.REQUIRED or violation.is_personal:
        error = _error(column, violation.code, violation.expected)[1:-1]
        return pc.if_else(has_violation, error, pa.scalar(None, pa.string()))
    template = _error(column, violation.code, _message(violation))[1:-1]
    before, after = template.split("\\u0000")
    shown = pc.if_else(has_violation, texts, pa.scalar(None, pa.string()))
    return concat(before, escape_json(_shorten(shown)), after)


def _message(violation: Violation) -> str:
    """The message, with a NUL for the value."""
    message = f"{violation.expected}, found '\0'"
    return f"{message}; {violation.advice} to load it" if violation.advice else message


def _shorten(texts: Array) -> Array:
    if not len(texts) or not pc.any(pc.greater(pc.binary_length(texts), _MAX_SHOWN)).as_py():
        return texts
    prefix = pc.utf8_slice_codeunits(texts, 0, _MAX_SHOWN)
    is_longer = pc.greater(pc.utf8_length(texts), _MAX_SHOWN)
    return pc.if_else(is_longer, concat(prefix, "…"), texts)


def _error(column: str | None, code: str, message: str) -> str:
    """A JSON array of one error. A NUL in the message marks where to insert a value."""
    error = {"column": column, "code": code, "message": message}
    return json.dumps([error], ensure_ascii=False)


def _no_values(count: int) -> Array:
    return pa.repeat(pa.scalar("{}", pa.string()), count)


def _batch(block: Block, records: Positions, raw: Array, values: Array, errors: Array) -> Array:
    lines = pa.array(block.lines[records])
    return pa.RecordBatch.from_arrays([lines, raw, values, errors], schema=REJECTS)
