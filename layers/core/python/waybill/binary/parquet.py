"""Reads Parquet: its schema and row groups, and the records of some row groups."""

import re
from collections.abc import Iterator
from typing import Any

import pyarrow.parquet as pq

from waybill.binary.column_types import describe_schema
from waybill.binary.int96 import exact_times, int96_columns
from waybill.binary.task import ROW_GROUP, Task, UnreadableFile
from waybill.binary.wide_parquet import column_parts, range_records, wide_batches

# Of a column that is read from the storage at once. All columns are open at the same time.
_BUFFER_BYTES = 512 * 1024
_MIN_BUFFER_BYTES = 16 * 1024
_ALL_BUFFERS = 16 * 1024 * 1024
# Of a footer: ten thousand columns in thousands of row groups.
_STRING_LIMIT, _CONTAINER_LIMIT = 16 * 1024 * 1024, 1_000_000
_BATCH_BYTES, _MIN_RECORDS, _MAX_RECORDS = 2 * 1024 * 1024, 64, 8192
_UNSUPPORTED = re.compile(r"crypt|codec|not implemented|not (yet )?supported|not built", re.I)


def open_parquet(file: object, columns: int = 1, unit: str = "us") -> Any:  # noqa: ANN401
    """The file, whose columns are read in small parts; timestamps of 96 bits in this unit.

    Raises:
        pyarrow.ArrowException: it is damaged, encrypted or of an unsupported kind.
    """
    return pq.ParquetFile(
        file,
        buffer_size=min(_BUFFER_BYTES, max(_ALL_BUFFERS // columns, _MIN_BUFFER_BYTES)),
        pre_buffer=False,
        # Nanoseconds would overflow silently soon after the year 2262.
        coerce_int96_timestamp_unit=unit,
        thrift_string_size_limit=_STRING_LIMIT,
        thrift_container_size_limit=_CONTAINER_LIMIT,
        page_checksum_verification=True,
    )


def describe_parquet(file: object) -> dict[str, Any]:
    """Its columns and their types, and the offset and the number of records of each row group."""
    parquet = open_parquet(file)
    metadata = parquet.metadata
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    return {
        **describe_schema(parquet.schema_arrow),
        "parts": [[_offset(group), group.num_rows] for group in groups],
    }


def _offset(group: Any) -> int:  # noqa: ANN401 - pyarrow has no types
    """Where the first of its pages begins."""
    if not group.num_columns:
        return 0
    column = group.column(0)
    pages = [column.data_page_offset]
    if column.has_dictionary_page and column.dictionary_page_offset:
        pages.append(column.dictionary_page_offset)
    return int(min(pages))


def read_parquet(file: object, task: Task) -> Iterator[tuple[int, Any]]:
    """Batches of the row groups that begin in the task's part, with the number of their first row.

    Raises:
        UnreadableFile: `corrupt-file`, a row group has another number of records than it says.
    """
    count = len(task.fields or task.names)
    parquet = open_parquet(file, max(count, 1))
    times = int96_columns(parquet)
    line = task.first_line
    for number in _chosen(parquet.metadata, task):
        group = parquet.metadata.row_group(number)
        found = 0
        batches = _batches(parquet, number)
        if times:
            in_seconds = open_parquet(file, max(count, 1), "s")
            batches = exact_times(batches, _batches(in_seconds, number, times), task.fields)
        group_at = {ROW_GROUP: f"{number} {line}"}
        for batch in batches:
            yield line + found, batch.replace_schema_metadata(group_at)
            found += batch.num_rows
        if found != group.num_rows:
            detail = f"Row group {number} has {found} records instead of {group.num_rows}."
            raise UnreadableFile("corrupt-file", detail)
        line += found


def _batches(parquet: Any, number: int, columns: list[str] | None = None) -> Iterator[Any]:  # noqa: ANN401
    """The records of a row group, or of some of its columns: of the same numbers of records."""
    group = parquet.metadata.row_group(number)
    parts = column_parts(parquet.schema_arrow, group)
    if len(parts) > 1 and columns is None:
        return wide_batches(parquet, number, parts)
    records = _records(group) if len(parts) == 1 else range_records(group)
    batches: Iterator[Any] = parquet.iter_batches(
        records, row_groups=[number], columns=columns, use_threads=False
    )
    return batches


def _chosen(metadata: Any, task: Task) -> Iterator[int]:  # noqa: ANN401 - pyarrow has no types
    is_whole = task.byte_from == 0 and task.byte_to == task.size
    for number in range(metadata.num_row_groups):
        if is_whole or task.byte_from <= _offset(metadata.row_group(number)) < task.byte_to:
            yield number


def _records(group: Any) -> int:  # noqa: ANN401 - pyarrow has no types
    """How many records to decode at once."""
    # What a footer says may be anything.
    size = max(1, group.total_byte_size // max(group.num_rows, 1) + 1)
    return int(max(_MIN_RECORDS, min(_MAX_RECORDS, _BATCH_BYTES // size)))


def parquet_error(error: Exception) -> UnreadableFile:
    """Why the file cannot be read, from an error of the decoder."""
    if isinstance(error, KeyError):
        # Of a type that Python has no class for.
        detail = f"The file has a column of Arrow's type number {error}, such as an interval."
        return UnreadableFile("unsupported-file", f"{detail} Write it as text or as numbers.")
    text = str(error).splitlines()[0][:300] if str(error) else type(error).__name__
    if _UNSUPPORTED.search(text):
        return UnreadableFile("unsupported-file", f"The file needs what is not supported: {text}")
    return UnreadableFile("corrupt-file", f"The file is damaged: {text}")
