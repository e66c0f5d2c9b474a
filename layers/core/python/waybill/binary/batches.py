"""Makes batches of texts of decoded batches, in parts of bounded size."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from waybill.binary.task import ROW_GROUP, Task, UnreadableFile
from waybill.binary.texts import json_texts, texts_of

OK, RECORD_TOO_LONG, NUL_BYTE, INVALID_UTF8, FIELD_COUNT, FORMULA_WITHOUT_VALUE = 0, 3, 4, 5, 6, 9
"""As `records.grammar.Fault`."""
LINE, FAULT = "line", "fault"
"""The first two columns of a batch of texts; a column for each field follows."""
_RECORD_LIMIT = 16 * 1024 * 1024
_KEPT_BYTES = 64 * 1024
_TARGET_BYTES = 2 * 1024 * 1024
_START_RECORDS, _START_CELLS = 2048, 32_768
_MAX_RECORDS = 32_768


def text_batches(decoded: Iterator[tuple[int, Any]], task: Task) -> Iterator[Any]:
    """Batches of the line, the fault and the texts of each record.

    The number of records in one follows the size of those before: one value of a dictionary may
    stand in many records.
    """
    records = max(1, min(_START_RECORDS, _START_CELLS // max(len(task.fields), 1)))
    for line, batch in decoded:
        at = 0
        while at < batch.num_rows:
            part = batch.slice(at, records)
            texts = _texts(part, task)
            made = assemble(texts, np.arange(line + at, line + at + part.num_rows))
            yield made.replace_schema_metadata(_position(batch.schema))
            at += part.num_rows
            size = sum(array.nbytes for array in texts) // part.num_rows + 1
            records = max(1, min(_MAX_RECORDS, 2 * records, _TARGET_BYTES // size))


def _position(schema: Any) -> dict[bytes, bytes]:  # noqa: ANN401 - pyarrow has no types
    """The row group of the batch, if it is of one."""
    metadata: dict[bytes, bytes] = schema.metadata or {}
    return {name: value for name, value in metadata.items() if name == ROW_GROUP}


def _texts(batch: Any, task: Task) -> list[Any]:  # noqa: ANN401 - pyarrow has no types
    try:
        if task.names:
            records = pa.StructArray.from_arrays(batch.columns, list(task.names))
            return [pa.array(json_texts(records), pa.binary())]
        if batch.num_columns != len(task.fields):
            raise UnreadableFile("corrupt-file", "A batch has other columns than the file.")
        return [
            texts_of(values, field)
            for values, field in zip(batch.columns, task.fields, strict=True)
        ]
    except UnicodeDecodeError:
        if batch.num_rows > 1:
            half = batch.num_rows // 2
            parts = (_texts(each, task) for each in (batch.slice(0, half), batch.slice(half)))
            return [pa.concat_arrays(both) for both in zip(*parts, strict=True)]
        # Of a nested value, whose text cannot be shown.
        return [pa.array([b"\xff"], pa.binary()) for _ in (task.fields or ("",))]


def assemble(texts: list[Any], lines: Any, faults: Any = None) -> Any:  # noqa: ANN401 - arrays
    """The batch: texts that are not UTF-8 or have a NUL, and records too long, are faults."""
    faults = np.zeros(len(lines), np.uint8) if faults is None else faults
    columns = [_text_column(array, faults) for array in texts]
    too_long = _too_long(texts, len(lines))
    if too_long.any():
        faults[too_long] = RECORD_TOO_LONG
        columns = [
            pc.if_else(pa.array(too_long), pc.utf8_slice_codeunits(column, 0, _KEPT_BYTES), column)
            for column in columns
        ]
    names = [LINE, FAULT, *(str(number) for number in range(len(columns)))]
    return pa.RecordBatch.from_arrays([pa.array(lines), pa.array(faults), *columns], names)


def _too_long(texts: list[Any], count: int) -> Any:  # noqa: ANN401 - arrays
    """Which records are longer than a record may be."""
    lengths = np.zeros(count, np.int64)
    if sum(array.nbytes for array in texts) > _RECORD_LIMIT:
        for array in texts:
            lengths += pc.binary_length(array).fill_null(0).to_numpy().astype(np.int64)
    return lengths > _RECORD_LIMIT


def _text_column(array: Any, faults: Any) -> Any:  # noqa: ANN401 - arrays
    if pa.types.is_string(array.type):
        # Written here, of numbers and times.
        return array
    try:
        column = array.cast(pa.string())
    except pa.ArrowInvalid:
        raw = array.to_pylist()
        shown = [None if each is None else each.decode(errors="replace") for each in raw]
        for row, (text, each) in enumerate(zip(shown, raw, strict=True)):
            if text is not None and text.encode() != each:
                faults[row] = INVALID_UTF8
        column = pa.array(shown, pa.string())
    data = column.buffers()[2]
    if data is not None and (np.frombuffer(data, np.uint8) == 0).any():
        has_nul = pc.match_substring(column, "\0").fill_null(False)
        faults[has_nul.to_numpy(zero_copy_only=False)] = NUL_BYTE
    return column


def ipc_bytes(batch: Any) -> bytes:  # noqa: ANN401 - pyarrow has no types
    """The batch as an Arrow stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def describe_text(description: dict[str, Any]) -> bytes:
    """The description as it is sent."""
    return json.dumps(description).encode()
