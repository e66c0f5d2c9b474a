"""What is said of a chunk's records is exact, or is not said."""

from collections import Counter
from itertools import pairwise
from typing import Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.columns.contracts import column, contract
from waybill.columns.summary import Summary
from waybill.contract.model import Contract, Partitioning, Reference

_Block = list[tuple[int | None, int | None, str]]


def _reference(*columns: str) -> Reference:
    return Reference(name="r", columns=columns, table="kinds", to=("id",) * len(columns))


def _contract(**more: Any) -> Contract:
    columns = (column("id", "int4"), column("kind", "int4"), column("at", "date"))
    given = {
        "natural_key": ("id",),
        "references": (_reference("kind"),),
        "partitioned_by": Partitioning(column="at", unit="year"),
    }
    return contract(*columns, **{**given, **more})


def _summary(blocks: list[_Block], of: Contract) -> dict[str, Any]:
    summary = Summary(of)
    for block in blocks:
        ids, kinds, days = (list(values) for values in zip(*block, strict=True))
        rows = {
            "id": pa.array(ids, pa.int32()),
            "kind": pa.array(kinds, pa.int32()),
            "at": pa.array(days).cast(pa.date32()),
        }
        summary.add(pa.record_batch(rows))
    return summary.result()


_DAYS = st.sampled_from(["2020-02-29", "2020-12-31", "2021-01-01"])
_BLOCK = st.lists(
    st.tuples(st.integers(-9, 9) | st.none(), st.integers(1, 3) | st.none(), _DAYS), min_size=1
)


@given(blocks=st.lists(_BLOCK, max_size=3))
def test_it_is_what_reading_all_records_finds(blocks: list[_Block]) -> None:
    rows = [row for block in blocks for row in block]
    found = _summary(blocks, _contract())
    assert found["parents"] == {"kind": sorted({str(row[1]) for row in rows} - {"None"})}
    assert found["partitions"] == Counter(f"{row[2][:4]}-01-01" for row in rows)
    ids = [row[0] for row in rows]
    ascend = None not in ids and all(a < b for a, b in pairwise(ids))  # type: ignore[operator]
    assert found.get("keys") == ((ids[0], ids[-1]) if ids and ascend else None)


@given(ids=st.sets(st.integers(-99, 99), min_size=2), cut=st.integers(1, 99))
def test_keys_that_ascend_are_named(ids: set[int], cut: int) -> None:
    rows: _Block = [(number, None, "2020-01-01") for number in sorted(ids)]
    blocks = [block for block in (rows[:cut], rows[cut:]) if block]
    assert _summary(blocks, _contract())["keys"] == (min(ids), max(ids))


def test_keys_of_two_columns_and_references_of_two_are_not_said() -> None:
    found = _summary(
        [[(1, 1, "2020-01-01")]],
        _contract(natural_key=("id", "kind"), references=(_reference("id", "kind"),)),
    )
    assert found == {"parents": {}, "partitions": {"2020-01-01": 1}}


def test_personal_parents_are_not_said() -> None:
    columns = (column("id", "int4"), column("kind", "int4", personal=True), column("at", "date"))
    of = contract(*columns, natural_key=("id",), references=(_reference("kind"),))
    assert _summary([[(1, 1, "2020-01-01")]], of) == {"parents": {}, "keys": (1, 1)}


def test_many_parents_are_left_to_the_database() -> None:
    rows: _Block = [(number, number, "2020-01-01") for number in range(1_001)]
    assert _summary([rows[:1_000]], _contract())["parents"] != {}
    assert _summary([rows[:1_000], rows[1_000:]], _contract())["parents"] == {}
