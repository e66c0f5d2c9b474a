"""Whatever rows a partition has: archived and restored, they are as they were."""

from collections.abc import Sequence

from hypothesis import HealthCheck, Phase, given, settings

from tests.integration.exports.conftest import TYPES
from tests.integration.exports.values import ROWS
from tests.integration.lake.conftest import Lake

_COLUMNS = ", ".join(["id", "at", "loose", *TYPES])


def _insert(lake: Lake, rows: Sequence[dict[str, str | None]]) -> None:
    lake.admin.execute("TRUNCATE kinds")
    values = ", ".join(f"%s::text::{kind}" for kind in TYPES.values())
    for number, row in enumerate(rows):
        lake.admin.execute(
            f"INSERT INTO kinds ({_COLUMNS}) VALUES ({number}, '2019-06-01', %s, {values})",
            [row["plain"], *(row[name] for name in TYPES)],
        )


@settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(rows=ROWS.filter(lambda rows: len(rows) > 0))
def test_rows_come_back_as_they_were(lake: Lake, rows: Sequence[dict[str, str | None]]) -> None:
    _insert(lake, rows)
    before = [row[1] for row in lake.rows()]
    lake.let_go()
    lake.archive()
    assert (lake.state(), lake.document()["error"]) == ("ARCHIVED", None)
    assert len(lake.stored()) == len(rows)
    lake.restore()
    assert (lake.state(), lake.document()["error"]) == ("RESTORED", None)
    assert [row[1] for row in lake.rows()] == before
