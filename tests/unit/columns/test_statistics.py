"""Statistics of columns are those that plain Python finds."""

import math
import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from tests.unit.columns.contracts import column, contract
from waybill.columns.fingerprints import END, LONG_TEXT, fingerprints
from waybill.columns.stage import stage_type
from waybill.columns.statistics import FileStatistics
from waybill.contract.model import Contract

RANDOM = random.Random(7)
MANY = 200_000


def statistics(
    things: Contract, values: dict[str, list[Any]], *, sizes: int = 1000, is_whole: bool = True
) -> dict[str, dict[str, Any]]:
    """The statistics of these columns, counted in batches."""
    counted = FileStatistics(things, list(values), is_whole=is_whole)
    types = {one.name: stage_type(one) for one in things.columns}
    arrays = {name: pa.array(values[name], types[name]) for name in values}
    rows = len(next(iter(values.values())))
    for start in range(0, rows, sizes):
        batch = {name: array.slice(start, sizes) for name, array in arrays.items()}
        counted.add(pa.RecordBatch.from_pydict(batch))
    return {one["name"]: one for one in counted.result()}


_KINDS: dict[str, Callable[[], Any]] = {
    "int2": lambda: RANDOM.randrange(-300, 300),
    "int8": lambda: RANDOM.choice([-(2**63), 0, 7, 2**63 - 1]),
    "float4": lambda: RANDOM.choice([-0.5, 0.0, 1.5]),
    "float8": lambda: RANDOM.randrange(500) / 7,
    "bool": lambda: RANDOM.random() < 0.5,
    "date": lambda: date(1, 1, 1) + timedelta(RANDOM.randrange(300)),
    "timestamp": lambda: datetime.fromisoformat("9999-12-31") - timedelta(RANDOM.randrange(300)),
    "timestamptz": lambda: datetime(2021, 1, 1, tzinfo=UTC) + timedelta(RANDOM.randrange(300)),
    "text": lambda: RANDOM.choice(["", "a", "ä", "\U0001f69a", "a" * 9, "a" * 500 + "b"]),
    "numeric": lambda: RANDOM.choice(["1.10", "-.5", "1e3", "99999999999999999999.1", "1e999"]),
}
_ORDERED: dict[str, Callable[[Any], str]] = {
    "date": lambda value: str(value.isoformat()),
    "timestamp": lambda value: str(value.isoformat()),
    "timestamptz": lambda value: value.isoformat().replace("+00:00", "Z"),
    "text": lambda value: value[:100],
    "numeric": lambda value: str(Decimal(value)),
}


@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize("sizes", [7, 70_000])
def test_nulls_distinct_values_and_extremes(kind: str, sizes: int) -> None:
    values = [None if RANDOM.random() < 0.1 else _KINDS[kind]() for _ in range(5000)]
    found = statistics(contract(column("a", kind)), {"a": values}, sizes=sizes)["a"]
    filled = [value for value in values if value is not None]
    assert found["nulls"] == len(values) - len(filled)
    assert (found["distinct"], found["exact"]) == (len(set(filled)), True)
    text = _ORDERED.get(kind, str)
    key = Decimal if kind == "numeric" else None
    extremes = [text(min(filled, key=key)), text(max(filled, key=key))]
    assert [found["min"], found["max"]] == ([None, None] if kind == "bool" else extremes)


def test_a_column_without_values() -> None:
    found = statistics(contract(column("a", "text")), {"a": [None] * 3})["a"]
    assert (found["nulls"], found["distinct"], found["min"], found["max"]) == (3, 0, None, None)
    assert found["exact"]


@pytest.mark.parametrize(
    "values",
    [
        list(range(MANY)),
        [number * 2**20 for number in range(MANY)],
        [number % (MANY // 2) for number in range(MANY)],
    ],
    ids=["in sequence", "with a stride", "each twice"],
)
def test_many_distinct_numbers_are_estimated(values: list[int]) -> None:
    found = statistics(contract(column("a", "int8")), {"a": values}, sizes=50_000)["a"]
    assert not found["exact"]
    # Six standard errors.
    assert math.isclose(found["distinct"], len(set(values)), rel_tol=6 / math.sqrt(1024))


def test_many_distinct_texts_are_estimated() -> None:
    values = [f"https://example.com/items/{number}/photo.jpg" for number in range(50_000)]
    found = statistics(contract(column("a", "text")), {"a": values}, sizes=9999)["a"]
    assert math.isclose(found["distinct"], len(values), rel_tol=6 / math.sqrt(1024))


def test_the_smallest_fingerprints_of_parts_are_those_of_the_whole() -> None:
    values = [str(RANDOM.randrange(30_000)) for _ in range(40_000)]
    things = contract(column("a", "text"))
    whole, *parts = (
        statistics(things, {"a": some}, is_whole=False)["a"]
        for some in (values, values[:9000], values[9000:])
    )
    kept = sorted({one for part in parts for one in part["fingerprints"]})[: whole["limit"]]
    assert kept == whole["fingerprints"]


def test_nothing_is_kept_of_personal_values() -> None:
    things = contract(column("a", "text", personal=True), column("b", "int4", personal=True))
    found = statistics(things, {"a": ["Ada", "Bo"], "b": [5, 5]})
    assert [(one["min"], one["max"], one["order"]) for one in found.values()] == [(None,) * 3] * 2
    assert [one["distinct"] for one in found.values()] == [2, 1]


def test_columns_that_the_file_lacks_are_left_out() -> None:
    things = contract(column("a", "int4"), column("b", "int4"))
    assert list(statistics(things, {"b": [1]})) == ["b"]


def test_the_columns_of_a_wide_table_share_the_fingerprints() -> None:
    names = [f"c{index}" for index in range(1600)]
    things = contract(*(column(name, "int4") for name in names))
    found = statistics(things, {name: list(range(100)) for name in names}, is_whole=False)
    assert sum(len(one["fingerprints"]) for one in found.values()) == 1600 * 64


def test_fingerprints_are_of_every_byte() -> None:
    for length in (0, 1, 7, 8, 9, 63, LONG_TEXT, LONG_TEXT + 1, 3 * LONG_TEXT):
        texts = ["x" * place + "y" + "x" * (length - place - 1) for place in range(length)]
        texts += ["x" * length, "x" * length + "\0"]
        # Within an array that begins elsewhere, and beside others.
        array = pa.array(["before", *texts, "after"])[1:-1]
        found = fingerprints(array).tolist()
        assert len(set(found)) == len(texts)
        assert all(0 <= one < END for one in found)
        assert found == [fingerprints(pa.array([text]))[0] for text in texts]
