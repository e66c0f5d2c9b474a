"""Reads row groups of many columns, of which only some can be open at the same time.

A column that is read keeps a page and a dictionary in memory, each of a megabyte in most files:
a hundred columns would need more than a decoder may have. So a range of rows is read from some
columns after the others, and each range begins anew: a row group of n ranges is decoded n/2 times.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import pyarrow as pa

from waybill.binary.task import UnreadableFile

# Of a page, and of a dictionary: what writers make if nobody says otherwise.
_PAGE_BYTES = 1024 * 1024 + 64 * 1024
_AT_ONCE_BYTES = 64 * 1024 * 1024
_OPEN_BYTES, _RANGE_BYTES, _MAX_RANGES = 24 * 1024 * 1024, 8 * 1024 * 1024, 64


def column_parts(schema: Any, group: Any) -> list[list[str]]:  # noqa: ANN401 - pyarrow has no types
    """Names of columns that are read together; one part if all of them can be."""
    names = schema.names
    # A name stands for all columns of nested values that begin with it.
    if len(set(names)) < len(names) or any("." in name for name in names):
        return [names]
    sizes = _open_sizes(names, group)
    if sum(sizes) <= _AT_ONCE_BYTES:
        return [names]
    parts: list[list[str]] = []
    room = 0
    for name, size in zip(names, sizes, strict=True):
        if not parts or size > room:
            parts.append([])
            room = _OPEN_BYTES
        parts[-1].append(name)
        room -= size
    return parts


def _open_sizes(names: Sequence[str], group: Any) -> list[int]:  # noqa: ANN401
    """What is in memory of each column while it is read; of nested values, of all theirs."""
    sizes: dict[str, int] = {}
    for at in range(group.num_columns):
        column = group.column(at)
        name = column.path_in_schema.partition(".")[0]
        sizes[name] = sizes.get(name, 0) + min(column.total_uncompressed_size, 2 * _PAGE_BYTES)
    return [sizes.get(name, 0) for name in names]


def range_records(group: Any) -> int:  # noqa: ANN401 - pyarrow has no types
    """How many records of all columns a range holds.

    Raises:
        MemoryError: too few.
    """
    rows = max(group.num_rows, 1)
    size = max(1, group.total_byte_size // rows + 8 * group.num_columns)
    records: int = max(1, _RANGE_BYTES // size)
    if rows > _MAX_RANGES * records:
        raise MemoryError
    return records


def wide_batches(
    parquet: Any,  # noqa: ANN401
    number: int,
    parts: Sequence[list[str]],
) -> Iterator[Any]:
    """The records of a row group, in ranges.

    Raises:
        MemoryError: a range would hold too few records.
        UnreadableFile: `corrupt-file`, the columns have different numbers of records.
    """
    group = parquet.metadata.row_group(number)
    records = range_records(group)
    for begin in range(0, group.num_rows, records):
        pieces = [_rows(parquet, number, names, begin, records) for names in parts]
        expected = min(records, group.num_rows - begin)
        if any(piece is None or piece.num_rows != expected for piece in pieces):
            detail = f"The columns of row group {number} have different numbers of records."
            raise UnreadableFile("corrupt-file", detail)
        arrays = [array for piece in pieces for array in piece.columns]
        del pieces
        yield pa.RecordBatch.from_arrays(arrays, [name for part in parts for name in part])
        del arrays


def _rows(parquet: Any, number: int, names: list[str], begin: int, records: int) -> Any:  # noqa: ANN401
    batches = parquet.iter_batches(records, row_groups=[number], columns=names, use_threads=False)
    at = begin // records
    return next(islice(batches, at, at + 1), None)
