"""Read the records of a binary file as blocks of texts."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import numpy as np
import pyarrow as pa

from waybill.binary.decoder import batches
from waybill.binary.layout import MEMORY_BYTES
from waybill.binary.source import Source
from waybill.binary.task import BINARY_FORMATS, ROW_GROUP, Field, Task
from waybill.columns.formats import column_formats
from waybill.contract.model import Contract
from waybill.records.block import Block, Boundaries, RowGroup
from waybill.records.chunking import ChunkRange
from waybill.records.compression import Limits
from waybill.records.layout import Layout

_NONE = np.empty(0, np.int64)


def read_binary(
    source: Source, layout: Layout, contract: Contract, part: ChunkRange, limits: Limits
) -> Iterator[Block]:
    """The records of the part, in order.

    Raises:
        Rejected: `corrupt-file`, `unsupported-file` or `decompression-limit`.
        Retryable: the source cannot be read.
    """
    names = () if layout.fields else _field_names(layout)
    with closing(batches(source, _task(source, layout, contract, part, limits))) as found:
        produced = 0
        for data in found:
            batch = pa.ipc.open_stream(data).read_next_batch()
            # The process that wrote it has read a file of anybody.
            batch.validate(full=True)
            produced += sum(map(_text_bytes, batch.columns[2:]))
            limits.check(part.byte_to - part.byte_from, produced)
            zeros = np.zeros(batch.num_rows, np.int64)
            yield Block(
                b"",
                zeros,
                zeros,
                batch.column(0).to_numpy(),
                batch.column(1).to_numpy(),
                Boundaries(_NONE, _NONE),
                tuple(batch.columns[2:]),
                names,
                _row_group(batch.schema),
            )


def _row_group(schema: Any) -> RowGroup | None:  # noqa: ANN401 - an Arrow schema
    found = (schema.metadata or {}).get(ROW_GROUP)
    return None if found is None else RowGroup(*map(int, found.split()))


def _text_bytes(texts: Any) -> int:  # noqa: ANN401 - an Arrow array
    data = texts.buffers()[2]
    return 0 if data is None else int(data.size)


def _field_names(layout: Layout) -> tuple[str, ...]:
    """A name for each field of a record: its column, or its own."""
    added = iter(layout.added)
    return tuple(name or next(added).name for name in layout.field_columns)


def _task(
    source: Source, layout: Layout, contract: Contract, part: ChunkRange, limits: Limits
) -> Task:
    assert layout.file_format in BINARY_FORMATS  # noqa: S101 - the caller's condition
    return Task(
        layout.file_format,  # type: ignore[arg-type]
        source.size,
        MEMORY_BYTES,
        is_description=False,
        sheet=layout.sheet,
        fields=() if layout.fields else _fields(layout, contract),
        names=layout.fields,
        first_column=layout.first_column,
        trim=contract.trim,
        null_words=contract.null_words,
        byte_from=part.byte_from,
        byte_to=part.byte_to,
        first_line=part.first_line,
        output_bytes=limits.output_bytes,
        ratio=limits.ratio,
    )


def _fields(layout: Layout, contract: Contract) -> tuple[Field, ...]:
    """What typed values are written for: the columns and their declared formats."""
    formats = column_formats(contract)
    fields = []
    for name in layout.field_columns:
        if name is None:
            fields.append(Field("text"))
            continue
        kind, declared = contract.column(name).kind, formats.get(name)
        if declared is None:
            fields.append(Field(kind))
            continue
        pattern = declared.pattern.text if declared.pattern else ""
        true_word = (*declared.true_words, "true")[0]
        false_word = (*declared.false_words, "false")[0]
        fields.append(Field(kind, declared.decimal, true_word, false_word, pattern, declared.pivot))
    return tuple(fields)
