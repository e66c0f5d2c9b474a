"""Rows are counted by partition, and staged beside those of their own."""

from collections import Counter
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from waybill.columns.partitions import Partitions
from waybill.contract.model import Partitioning

_TIMES = st.datetimes()
_LABELS = {"year": "%Y", "month": "%Y-%m", "day": "%Y-%m-%d"}


def _rows(values: list[Any], kind: pa.DataType) -> pa.RecordBatch:
    return pa.record_batch({"line": list(range(len(values))), "at": pa.array(values, kind)})


def _runs(labels: list[Any]) -> list[Any]:
    return [label for n, label in enumerate(labels) if n == 0 or labels[n - 1] != label]


@pytest.mark.parametrize("unit", _LABELS)
@pytest.mark.parametrize(
    "kind", [pa.timestamp("us", "UTC"), pa.timestamp("us"), pa.date32()], ids=str
)
@given(times=st.lists(_TIMES | st.none(), max_size=40))
def test_every_partition_is_one_run_in_the_order_of_lines(
    unit: str, kind: pa.DataType, times: list[datetime | None]
) -> None:
    values: list[Any] = [
        each.replace(tzinfo=UTC) if each and pa.types.is_timestamp(kind) and kind.tz else each
        for each in times
    ]
    if kind == pa.date32():
        values = [each and each.date() for each in values]
    given = _rows(values, kind)
    partitions = Partitions.of(given, Partitioning(column="at", unit=unit))
    assert partitions
    rows = partitions.side_by_side().applied_to(given)
    lines = rows.column("line").to_pylist()
    assert sorted(lines) == list(range(len(values)))
    assert [values[line] for line in lines] == rows.column("at").to_pylist()
    labels = [value and value.strftime(_LABELS[unit]) for value in rows.column("at").to_pylist()]
    runs = _runs(labels)
    assert len(runs) == len(set(runs))
    for label in set(labels):
        assert (of := [n for n, at in zip(lines, labels, strict=True) if at == label]) == sorted(of)
    starts = Counter(value and f"{_start(value, unit):%Y-%m-%d}".zfill(10) for value in values)
    assert partitions.counts() == (None if None in starts else starts)


def _start(value: date, unit: str) -> date:
    month = 1 if unit == "year" else value.month
    return date(value.year, month, value.day if unit == "day" else 1)


def test_far_years_are_ordered_by_day() -> None:
    days = [date(9999, 1, 1), date(1, 1, 1), date(9999, 1, 1)]
    given = _rows(days, pa.date32())
    partitions = Partitions.of(given, Partitioning(column="at", unit="day"))
    assert partitions
    assert partitions.side_by_side().applied_to(given).column("line").to_pylist() == [1, 0, 2]


def test_only_the_database_knows_the_partitions_of_texts() -> None:
    texts = _rows(["2024-02-01", "2023-01-01"], pa.string())
    assert Partitions.of(texts, Partitioning(column="at", unit="year")) is None
    assert Partitions.of(texts, None) is None


def test_rows_in_order_are_not_copied() -> None:
    days = [date(2020, 1, 2), date(2020, 1, 1), date(2021, 1, 1)]
    given = _rows(days, pa.date32())
    partitions = Partitions.of(given, Partitioning(column="at", unit="month"))
    assert partitions
    assert partitions.side_by_side().applied_to(given) is given
