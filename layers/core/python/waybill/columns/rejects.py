"""The refused records of a block, as rows of `waybill.validation_errors`."""

import json
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from waybill.columns import codes
from waybill.columns.check_result import Array, Failure, Mask
from waybill.columns.json_text import escaped, joined, objects
from waybill.columns.raw import record_bytes
from waybill.columns.records import Records
from waybill.records.block import Block
from waybill.records.fields import CheckedBlock
from waybill.records.grammar import Fault
from waybill.records.layout import Layout

_JSONB = {"type": "jsonb"}
REJECTS = pa.schema(
    [
        pa.field("line", pa.int64()),
        pa.field("raw", pa.binary()),
        pa.field("values", pa.string(), metadata=_JSONB),
        pa.field("errors", pa.string(), metadata=_JSONB),
    ]
)
_SHOWN = 60


class Complaint(NamedTuple):
    """A failure and the field of the file that it is about, counted from 0."""

    place: int
    failure: Failure


class Reason(NamedTuple):
    """One thing that is wrong with a record, as it is kept."""

    column: str | None
    code: str
    message: str


def told_records(block: Block, told: dict[int, list[Reason]]) -> Array:
    """Records of a block, by index, with the reasons that were found of each; no values."""
    errors = [
        json.dumps([reason._asdict() for reason in reasons], ensure_ascii=False)
        for reasons in told.values()
    ]
    values = pa.array(["{}"], pa.string()).take(_zeros(len(told)))
    return _batch(block, np.array(list(told), np.int64), values, pa.array(errors, pa.string()))


def broken_records(checked: CheckedBlock, expected: int) -> Array:
    """The records that are malformed as such: one reason each, and no values."""
    block = checked.block
    bad = np.flatnonzero(block.faults != Fault.OK)
    faults = block.faults[bad]
    errors = pa.array(np.full(len(bad), "", dtype=object), pa.string())
    for fault in np.unique(faults):
        code = codes.code_of(Fault(fault))
        message = codes.MEANINGS[code]
        texts: Array | str = _error(None, code, message)
        if fault == Fault.FIELD_COUNT:
            found = pa.array(checked.field_counts[bad]).cast(pa.string())
            before, after = _error(None, code, "\0").split("\\u0000")
            texts = joined(f"{before}expected {expected} fields, found ", found, after)
        errors = pc.if_else(pa.array(faults == fault), texts, errors)
    return _batch(block, bad, pa.array(["{}"], pa.string()).take(_zeros(len(bad))), errors)


def refused_records(
    records: Records,
    layout: Layout,
    complaints: list[Complaint],
    bad: Mask,
) -> Array:
    """The sound records with a wrong value: every reason of each, and all of its values."""
    rows = np.flatnonzero(bad)
    indices = pa.array(rows)
    texts = [array.take(indices) for array in records.texts]
    errors = [
        reasons(layout.columns[place], failure, texts[place], rows) for place, failure in complaints
    ]
    listed = pc.binary_join_element_wise(*errors, ", ", null_handling="skip")
    values = objects(list(zip(layout.columns, texts, strict=True)))
    return _batch(records.block, records.sound[rows], values, joined("[", listed, "]"))


def reasons(column: str, failure: Failure, texts: Array, rows: Array) -> Array:
    """Of each row, the failure as JSON (column, code, message) where it was found; else null.

    Args:
        column: the column's name.
        failure: what is wrong, on which rows of all.
        texts: the column's texts on `rows`.
        rows: indices of the rows that are wanted.
    """
    hit = pa.array(failure.rows[rows])
    if failure.code == codes.REQUIRED:
        whole = _error(column, failure.code, failure.expected)[1:-1]
        return pc.if_else(hit, whole, pa.scalar(None, pa.string()))
    before, after = _error(column, failure.code, f"{failure.expected}, found '\0'")[1:-1].split(
        "\\u0000"
    )
    shown = pc.if_else(hit, texts, pa.scalar(None, pa.string()))
    return joined(before, escaped(_shortened(shown)), after)


def _shortened(texts: Array) -> Array:
    if not len(texts) or not pc.any(pc.greater(pc.binary_length(texts), _SHOWN)).as_py():
        return texts
    cut = pc.utf8_slice_codeunits(texts, 0, _SHOWN)
    longer = pc.greater(pc.utf8_length(texts), _SHOWN)
    return pc.if_else(longer, joined(cut, "…"), texts)


def _error(column: str | None, code: str, message: str) -> str:
    """A list of one error, as JSON; what is to be filled in is a NUL, which JSON escapes."""
    error = {"column": column, "code": code, "message": message}
    return json.dumps([error], ensure_ascii=False)


def _zeros(count: int) -> Array:
    return pa.array(np.zeros(count, np.int64))


def _batch(block: Block, records: Array, values: Array, errors: Array) -> Array:
    lines = pa.array(block.lines[records])
    raw = record_bytes(block, records)
    return pa.RecordBatch.from_arrays([lines, raw, values, errors], schema=REJECTS)
