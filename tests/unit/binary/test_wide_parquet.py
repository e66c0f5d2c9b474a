"""Row groups of many columns are read in ranges of rows, from some columns after the others."""

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.unit.binary.encode import parquet
from waybill.binary import wide_parquet
from waybill.binary.parquet import read_parquet
from waybill.binary.task import Field, Task

WIDE = pa.table(
    {
        f"c{at}": pa.array([f"{at} {row}" if row % 7 else None for row in range(1000)])
        for at in range(30)
    }
)


def read(data: bytes) -> pa.Table:
    task = Task(
        "parquet", len(data), 1, fields=(Field("text"),) * 30, byte_to=len(data), first_line=5
    )
    found = list(read_parquet(io.BytesIO(data), task))
    lines = [line for line, _ in found]
    assert lines == [5 + sum(batch.num_rows for _, batch in found[:at]) for at in range(len(found))]
    return pa.Table.from_batches([batch for _, batch in found])


@pytest.fixture
def few_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Room for three columns, and for ranges of some tens of rows."""
    monkeypatch.setattr(wide_parquet, "_AT_ONCE_BYTES", 1000)
    monkeypatch.setattr(wide_parquet, "_OPEN_BYTES", 30_000)
    monkeypatch.setattr(wide_parquet, "_RANGE_BYTES", 20_000)


@pytest.mark.usefixtures("few_bytes")
@pytest.mark.parametrize("rows", [1000, 333, 7])
@pytest.mark.parametrize("use_dictionary", [False, True])
def test_the_records_are_the_same(rows: int, *, use_dictionary: bool) -> None:
    data = parquet(WIDE, row_group_size=rows, use_dictionary=use_dictionary)
    group = pq.ParquetFile(io.BytesIO(data)).metadata.row_group(0)
    assert rows < 1000 or len(wide_parquet.column_parts(WIDE.schema, group)) > 5
    assert read(data).equals(WIDE)


@pytest.mark.usefixtures("few_bytes")
def test_a_range_of_too_few_records_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wide_parquet, "_RANGE_BYTES", 1000)
    with pytest.raises(MemoryError):
        read(parquet(WIDE))


def test_columns_that_fit_are_read_together() -> None:
    group = pq.ParquetFile(io.BytesIO(parquet(WIDE))).metadata.row_group(0)
    assert wide_parquet.column_parts(WIDE.schema, group) == [WIDE.schema.names]


@pytest.mark.usefixtures("few_bytes")
@pytest.mark.parametrize(
    "table",
    [
        pa.table({"a.b": [1] * 99, "c": ["x" * 999] * 99}),
        pa.table({"a": [{"b": 1}] * 99, "c": ["x" * 999] * 99}),
    ],
)
def test_names_that_may_be_paths_are_read_together(table: pa.Table) -> None:
    group = pq.ParquetFile(io.BytesIO(parquet(table))).metadata.row_group(0)
    assert wide_parquet.column_parts(table.schema, group) == [table.schema.names]


NESTED = pa.table(
    {
        f"c{at}": pa.array(
            [
                {"x": [f"{at} {row}"] * (row % 3), "y": {"z": row}} if row % 7 else None
                for row in range(300)
            ],
            pa.struct([("x", pa.list_(pa.string())), ("y", pa.struct([("z", pa.int64())]))]),
        )
        for at in range(30)
    }
)


@pytest.mark.usefixtures("few_bytes")
@pytest.mark.parametrize("rows", [300, 7])
def test_nested_values_are_the_same(rows: int) -> None:
    data = parquet(NESTED, row_group_size=rows)
    group = pq.ParquetFile(io.BytesIO(data)).metadata.row_group(0)
    assert rows < 300 or len(wide_parquet.column_parts(NESTED.schema, group)) == 5
    assert read(data).equals(NESTED)
