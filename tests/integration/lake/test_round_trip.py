"""Archive and restore: every type comes back equal, and nothing else changes."""

from tests.integration.exports.conftest import TYPES
from tests.integration.exports.test_round_trip import ROWS
from tests.integration.lake.conftest import Lake

_FOLDER = "lake/dataset=kinds/year=2019/"


def every_type(lake: Lake) -> None:
    """Rows with the extremes of every type, in the old partition."""
    values = ROWS.replace("INSERT INTO kinds VALUES", "")
    lake.admin.execute(
        (
            "INSERT INTO kinds SELECT v.column1, '2019-12-31 23:59:59.999999+00', "
            + ", ".join(f"v.column{at}::text::{kind}" for at, kind in enumerate(TYPES.values(), 2))
            + ", 'a  ' FROM (VALUES "
            + values.strip()
            + ") AS v"
        ).encode()
    )


def test_every_type_comes_back_equal(lake: Lake) -> None:
    every_type(lake)
    lake.fill("2024", 3, 100)
    before = lake.rows()
    assert len(before) == 7
    lake.archive()
    assert lake.document()["error"] is None
    assert lake.state() == "ARCHIVED"
    assert lake.objects() == [f"{_FOLDER}part-00001-1.parquet"]
    assert [row[0] for row in lake.rows()] == ["kinds_2024"] * 3
    assert lake.one("SELECT to_regclass('kinds_2019')") is None
    assert [row["id"] for row in lake.stored()] == [1, 2, 3, 4]
    lake.restore()
    assert (lake.state(), lake.document()["error"]) == ("RESTORED", None)
    assert lake.rows() == before
    assert lake.objects() == []
    assert lake.document()["folder"] is None
