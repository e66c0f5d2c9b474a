"""Whatever rows a partition has: archived and restored, they are as they were."""

from collections.abc import Mapping, Sequence

from hypothesis import HealthCheck, Phase, given, settings

from tests.integration.exports.conftest import TYPES
from tests.integration.exports.values import BEYOND_ROWS, ROWS
from tests.integration.lake.conftest import Lake

_COLUMNS = ", ".join(["id", "at", "loose", *TYPES])


def _insert(lake: Lake, rows: Sequence[Mapping[str, str | None]]) -> None:
    lake.admin.execute("TRUNCATE kinds")
    values = ", ".join(f"%s::text::{kind}" for kind in TYPES.values())
    for number, row in enumerate(rows):
        lake.admin.execute(
            f"INSERT INTO kinds ({_COLUMNS}) VALUES ({number}, '2019-06-01', %s, {values})",
            [row.get("plain"), *(row.get(name) for name in TYPES)],
        )


@settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(rows=ROWS.filter(lambda rows: len(rows) > 0))
def test_rows_come_back_as_they_were(lake: Lake, rows: Sequence[Mapping[str, str | None]]) -> None:
    _insert(lake, rows)
    before = [row[1] for row in lake.rows()]
    lake.let_go()
    lake.archive()
    assert (lake.state(), lake.document()["error"]) == ("ARCHIVED", None)
    assert len(lake.stored()) == len(rows)
    lake.restore()
    assert (lake.state(), lake.document()["error"]) == ("RESTORED", None)
    assert [row[1] for row in lake.rows()] == before


@settings(
    max_examples=6,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(rows=BEYOND_ROWS)
def test_values_without_a_place_in_parquet_keep_a_partition_in_the_table(
    lake: Lake, rows: Sequence[Mapping[str, str | None]]
) -> None:
    lake.admin.execute("DELETE FROM waybill.archived_partitions")
    _insert(lake, rows)
    before = lake.rows()
    lake.archive()
    if lake.state() == "FAILED":
        error = lake.document()["error"]
        assert error["type"] == "lake-refused"
        assert any(f"Column {name} has" in error["detail"] for row in rows for name in row)
        assert lake.rows() == before
        return
    assert lake.state() == "ARCHIVED"
    lake.restore()
    assert [row[1] for row in lake.rows()] == [row[1] for row in before]
    assert lake.state() == "RESTORED"
