"""A row group of nested values may be larger than the memory of the decoder."""

import os

import pyarrow as pa
import pytest

from tests.unit.binary.encode import parquet
from waybill.binary.decoder import batches
from waybill.binary.source import BytesSource
from waybill.binary.task import Field, Task
from waybill.errors import Rejected

_TEXTS = [os.urandom(200).hex() for _ in range(500)]


def read(data: bytes, mebibytes: int) -> int:
    """How many records a decoder with so much memory reads."""
    task = Task(
        "parquet",
        len(data),
        mebibytes * 1024**2,
        is_description=False,
        fields=(Field("jsonb"),),
        byte_to=len(data),
    )
    found = batches(BytesSource(data), task)
    return sum(pa.ipc.open_stream(each).read_next_batch().num_rows for each in found)


def one_group(values: list[object]) -> bytes:
    """A file of one row group, that is larger than 60 MiB."""
    data = parquet(pa.table({"doc": values}), row_group_size=10**6, compression="zstd")
    group = pa.parquet.ParquetFile(pa.BufferReader(data)).metadata.row_group(0)
    assert group.total_byte_size > 60 * 1024**2
    return data


@pytest.mark.parametrize("kind", ["struct", "list"])
def test_a_large_group_is_read_in_parts(kind: str) -> None:
    structs = [{"x": at, "y": f"{at}{_TEXTS[at % 500]}", "z": {"q": [at]}} for at in range(160_000)]
    values: list[object] = [*structs]
    if kind == "list":
        values = [structs[at : at + 4] for at in range(0, 160_000, 4)]
    assert read(one_group(values), 48) == len(values)


def test_structs_of_too_many_large_fields_are_refused() -> None:
    names = [f"f{at}" for at in range(40)]
    values: list[object] = [
        {name: f"{at}{name}{_TEXTS[at % 500][:100]}" for name in names} for at in range(16_000)
    ]
    with pytest.raises(Rejected, match=r"more than 16 MiB of memory\. Write smaller row groups"):
        read(one_group(values), 16)
