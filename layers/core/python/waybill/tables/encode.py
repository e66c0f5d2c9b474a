"""Encodes a few rows in memory."""

import io
from collections.abc import Iterable, Sequence
from contextlib import closing
from typing import Any

from pydantic_core import to_json

from waybill.tables.formats import TableColumn, TableFormat


def encode_lines(
    file_format: TableFormat, columns: Sequence[TableColumn], lines: Iterable[str]
) -> bytes:
    """A file of rows that are lines of CSV; of JSON for JSON Lines.

    Raises:
        Rejected: `not-representable`, a value has no place in a type of Arrow.
    """
    # Only some responses need it, and importing it takes a third of a second.
    from waybill.tables.writers import writer_for  # noqa: PLC0415

    file = io.BytesIO()
    with closing(writer_for(file_format, file, columns)) as writer:
        writer.write(lines)
    return file.getvalue()


def encode_items(
    file_format: TableFormat, columns: Sequence[TableColumn], items: Iterable[Any]
) -> bytes:
    """A file of models whose members are the columns, for JSON Lines, Parquet and Arrow."""
    if file_format == "jsonl":
        return b"".join(to_json(item) + b"\n" for item in items)
    import pyarrow as pa  # noqa: PLC0415 - as above

    from waybill.tables.writers import arrow_type, write_table  # noqa: PLC0415

    schema = pa.schema([(column.name, arrow_type(column)) for column in columns])
    rows = [{column.name: getattr(item, column.name) for column in columns} for item in items]
    return write_table(file_format, pa.Table.from_pylist(rows, schema=schema))
