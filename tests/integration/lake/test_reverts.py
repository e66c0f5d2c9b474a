"""Loads are taken back beside the archive and a restore, or are kept with the reason."""

import json
from collections.abc import Callable
from uuid import UUID

import psycopg
import pytest

from tests.integration.lake.conftest import Lake
from tests.integration.lake.test_changes import before

_OLD = "2019-03-01T00:00:00Z"
_NEW = "2024-03-01T00:00:00Z"
_DEFAULT = "CREATE TABLE kinds_rest PARTITION OF kinds DEFAULT"


def moved(lake: Lake) -> UUID:
    """Rows of 2019, of which a file moves one to 2024, before the year is archived; its job."""
    lake.load(f"1,{_OLD}", f"2,{_OLD}", second=1)
    lake.load(f"1,{_NEW}", second=2)
    job: UUID = lake.one("SELECT job_id FROM waybill.ingestion_jobs ORDER BY landing_order DESC")
    lake.archive()
    assert lake.state() == "ARCHIVED"
    return job


@pytest.mark.parametrize("statement", ["SELECT 1", _DEFAULT])
def test_a_row_does_not_go_back_into_an_archived_partition(lake: Lake, statement: str) -> None:
    job = moved(lake)
    lake.admin.execute(statement.encode())
    rows = lake.rows()
    with pytest.raises(psycopg.Error) as caught:
        lake.admin.execute("SELECT waybill.revert_job(%s)", (job,))
    assert caught.value.sqlstate == "WB020"
    conflicts = json.loads(caught.value.diag.message_detail or "[]")
    assert [one["code"] for one in conflicts] == ["row-archived"]
    assert "waybill restore-partition kinds 2019" in conflicts[0]["message"]
    assert lake.rows() == rows


def test_it_goes_back_once_the_partition_is_restored(lake: Lake) -> None:
    job = moved(lake)
    lake.restore()
    lake.admin.execute("SELECT waybill.revert_job(%s)", (job,))
    assert lake.admin.execute(
        "SELECT tableoid::regclass::text, id FROM kinds ORDER BY id"
    ).fetchall() == [("kinds_2019", 1), ("kinds_2019", 2)]


@pytest.mark.parametrize("step", ["detach", "drop"])
def test_a_load_that_is_taken_back_meanwhile_is_not_archived(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    lake.fill("2019", 3, 20)
    lake.load(f"1,{_OLD}", f"2,{_OLD}")
    job = lake.one("SELECT job_id FROM waybill.ingestion_jobs")
    statement = f"SELECT waybill.revert_job('{job}')"
    if step == "detach":
        before(monkeypatch, lake, step, statement)
        lake.archive()
        assert sorted(row["id"] for row in lake.stored()) == [20, 21, 22]
    else:
        # It is in the lake already.
        refused(lake, monkeypatch, step, statement)
        assert sorted(row["id"] for row in lake.stored()) == [1, 2, 20, 21, 22]
    assert (lake.state(), lake.rows()) == ("ARCHIVED", [])


def refused(lake: Lake, monkeypatch: pytest.MonkeyPatch, step: str, statement: str) -> None:
    seen: list[str | None] = []

    def execute(query: bytes) -> None:
        with pytest.raises(psycopg.Error, match="restore it first") as caught:
            kept(query)
        seen.append(caught.value.sqlstate)

    kept: Callable[[bytes], object] = lake.admin.execute
    with monkeypatch.context() as patch:
        before(patch, lake._replace(admin=_Executes(execute)), step, statement)  # type: ignore[arg-type]
        lake.archive()
    assert seen == ["WB020"]


class _Executes:
    def __init__(self, execute: Callable[[bytes], None]) -> None:
        self.execute = execute
