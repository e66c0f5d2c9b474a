"""Rows of a partition as a Parquet file, and back."""

import io
import time
from collections.abc import Iterable, Iterator
from typing import BinaryIO, NamedTuple
from uuid import UUID

from pyarrow import csv, parquet

from waybill.database.lake import Lake, OpenPartition
from waybill.errors import Rejected
from waybill.tables.writers import writer_for

_READ_ROWS = 5_000
_PLAIN = csv.WriteOptions(include_header=False, quoting_style="needed")


class Part(NamedTuple):
    """Rows of a file, the sum of their hashes, and the page that follows; None at the end."""

    rows: int
    content: int
    next_block: int | None


class _Hashes:
    """Adds up the hashes of rows that pass."""

    def __init__(self) -> None:
        self.sum = 0

    def lines(self, rows: Iterable[tuple[str, int]]) -> Iterator[str]:
        for line, value in rows:
            self.sum += value
            yield line


def write_part(
    lake: Lake, partition_id: UUID, partition: OpenPartition, file: BinaryIO, limits: "Limits"
) -> Part:
    """Write the rows from the next page on, in one snapshot, until the file is large enough.

    Raises:
        Rejected: `lake-refused`, a value has no place in a Parquet file, such as infinity.
    """
    hashes, rows = _Hashes(), 0
    following: int | None = None
    writer = writer_for("parquet", file, partition.table_columns)
    try:
        for begin in range(partition.next_block, partition.blocks, partition.at_once):
            if rows and (file.tell() >= limits.size or time.monotonic() > limits.deadline):
                following = begin
                break
            end = min(begin + partition.at_once, partition.blocks)
            rows += writer.write(hashes.lines(lake.lines(partition_id, begin, end)))
    except Rejected as error:
        about = f"{partition.dataset} {partition.label} has a value that Parquet cannot hold"
        raise Rejected("lake-refused", f"{about}. {error.detail.partition('. ')[0]}.") from error
    finally:
        writer.close()
    return Part(rows, hashes.sum, following)


class Limits(NamedTuple):
    """Where a file ends: at this size, or when the time is over."""

    size: int
    deadline: float


def csv_blocks(file: BinaryIO) -> Iterator[bytes]:
    """The rows of a Parquet file as CSV for COPY, some thousand at a time.

    Texts are quoted and null is empty, as COPY tells them apart.
    """
    for batch in parquet.ParquetFile(file).iter_batches(batch_size=_READ_ROWS):
        block = io.BytesIO()
        csv.write_csv(batch, block, _PLAIN)
        yield block.getvalue()
