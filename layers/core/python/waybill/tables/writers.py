"""Writes rows, given as lines of CSV or JSON, into a file: as they are, or as columns of Arrow."""

import io
from collections.abc import Iterable, Sequence
from typing import Any, BinaryIO, Protocol

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv, parquet

from waybill.errors import Rejected
from waybill.tables.formats import TableColumn, TableFormat

_MOST_DIGITS = 38
_LINES = 20_000
_TYPES = {
    "bool": pa.bool_(),
    "int2": pa.int16(),
    "int4": pa.int32(),
    "int8": pa.int64(),
    "float4": pa.float32(),
    "float8": pa.float64(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "timestamptz": pa.timestamp("us", "UTC"),
}


class Writer(Protocol):
    """Writes rows, and ends the file."""

    def write(self, lines: Iterable[str]) -> int: ...  # noqa: D102 - returns the rows written

    def close(self) -> None: ...  # noqa: D102 - the file stays open


def writer_for(file_format: TableFormat, file: BinaryIO, columns: Sequence[TableColumn]) -> Writer:
    """The writer of a format."""
    if file_format in ("parquet", "arrow"):
        return _TableWriter(file_format, file, columns)
    return _LineWriter(file, columns if file_format == "csv" else ())


class _LineWriter:
    """CSV with a header (RFC 4180), or JSON Lines."""

    def __init__(self, file: BinaryIO, header: Sequence[TableColumn]) -> None:
        self._file = file
        self._ending = "\r\n" if header else "\n"
        if header:
            cells = ('"' + column.name.replace('"', '""') + '"' for column in header)
            file.write((",".join(cells) + self._ending).encode())

    def write(self, lines: Iterable[str]) -> int:
        rows = 0
        for line in lines:
            self._file.write(line.encode())
            self._file.write(self._ending.encode())
            rows += 1
        return rows

    def close(self) -> None:
        pass


class _TableWriter:
    """Parquet with a row group, or an Arrow file with a record batch, for at most 20,000 rows."""

    def __init__(
        self, file_format: TableFormat, file: BinaryIO, columns: Sequence[TableColumn]
    ) -> None:
        self._columns = columns
        self._schema = pa.schema([(column.name, arrow_type(column)) for column in columns])
        self._writer = _open(file_format, file, self._schema)

    def write(self, lines: Iterable[str]) -> int:
        rows, block, length = 0, [], 0
        for line in lines:
            block.append(line)
            length += len(line)
            if len(block) == _LINES or length > 32 * 1024**2:
                self._write(block)
                rows, block, length = rows + len(block), [], 0
        if block:
            self._write(block)
        return rows + len(block)

    def _write(self, lines: Sequence[str]) -> None:
        texts = _texts("\n".join(lines).encode() + b"\n", len(self._columns))
        arrays = [_typed(text, field) for text, field in zip(texts, self._schema, strict=True)]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))

    def close(self) -> None:
        self._writer.close()


def _open(file_format: TableFormat, file: BinaryIO, schema: Any) -> Any:  # noqa: ANN401
    if file_format == "parquet":
        return parquet.ParquetWriter(file, schema)
    return pa.ipc.new_file(file, schema)


def write_table(file_format: TableFormat, table: Any) -> bytes:  # noqa: ANN401
    """A Parquet or Arrow file of a table."""
    file = io.BytesIO()
    with _open(file_format, file, table.schema) as writer:
        writer.write_table(table)
    return file.getvalue()


def arrow_type(column: TableColumn) -> Any:  # noqa: ANN401 - pyarrow has no type stubs
    """The type of Arrow; what has none is text as PostgreSQL writes it."""
    precision, scale = column.precision or 0, column.scale or 0
    if column.kind == "numeric" and 0 <= scale <= precision <= _MOST_DIGITS and precision:
        return pa.decimal128(precision, scale)
    return _TYPES.get(column.kind, pa.string())


def _texts(data: bytes, count: int) -> list[Any]:
    names = [str(at) for at in range(count)]
    table = csv.read_csv(
        pa.BufferReader(data),
        read_options=csv.ReadOptions(
            use_threads=False, block_size=len(data) + 1, column_names=names
        ),
        parse_options=csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        convert_options=csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    return [column.combine_chunks() for column in table.columns]


def _typed(texts: Any, field: Any) -> Any:  # noqa: ANN401 - pyarrow has no type stubs
    if field.type == pa.bool_():
        return pc.equal(texts, "true")
    try:
        return texts if field.type == pa.string() else pc.cast(texts, field.type)
    except pa.ArrowInvalid:
        detail = (
            f"Column {field.name} has NaN, infinity, or a date that is not in the years 1 to 9999:"
            f" {field.type} has none of them. Choose CSV or JSON Lines."
        )
        raise Rejected("not-representable", detail) from None
