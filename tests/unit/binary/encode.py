"""Encode tables as files of each format."""

import io
from collections.abc import Callable

import pyarrow as pa
import pyarrow.parquet as pq


def parquet(table: pa.Table, **options: object) -> bytes:
    """A Parquet file."""
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def arrow_file(table: pa.Table) -> bytes:
    """An Arrow file."""
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def arrow_stream(table: pa.Table) -> bytes:
    """An Arrow stream."""
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


ENCODERS: dict[str, Callable[[pa.Table], bytes]] = {
    "parquet": parquet,
    "arrow-file": arrow_file,
    "arrow-stream": arrow_stream,
}
