"""Reads Arrow IPC, files and streams, batch by batch."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pyarrow as pa

from waybill.binary.column_types import describe_schema
from waybill.binary.task import Task

_OPTIONS = pa.ipc.IpcReadOptions(use_threads=False)


def _open(file: object, task: Task) -> Any:  # noqa: ANN401 - pyarrow has no types
    if task.file_format == "arrow-file":
        return pa.ipc.open_file(file, options=_OPTIONS)
    return pa.ipc.open_stream(file, options=_OPTIONS)


def describe_arrow(file: object, task: Task) -> dict[str, Any]:
    """Its columns and their types; it is read as one part."""
    return {**describe_schema(_open(file, task).schema), "parts": []}


def read_arrow(file: object, task: Task) -> Iterator[tuple[int, Any]]:
    """Its batches, each with the number of its first row."""
    reader = _open(file, task)
    line = task.first_line
    for number in count():
        if task.file_format == "arrow-file":
            if number == reader.num_record_batches:
                return
            batch = reader.get_batch(number)
        else:
            try:
                batch = reader.read_next_batch()
            except StopIteration:
                return
        # Offsets of a damaged batch would point anywhere.
        batch.validate(full=True)
        yield line, batch
        line += batch.num_rows
