"""One invocation of the function, from its event to views and markers."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from functions.pipeline.refresh import refresh_stale as refresh_stale_module
from functions.pipeline.refresh.handler import handle
from functions.pipeline.refresh.refresh_stale import refresh_stale
from tests.cloud.lambda_events import Context
from tests.integration.refresh.conftest import STATE
from tests.postgres.databases import Connection, Database
from tests.sql.analytics.seed import (
    add_year,
    hire,
    mark,
    open_job,
    owner,
    refresh,
    took,
)
from waybill.database.refreshes import StalePart
from waybill.errors import Busy, Retryable, Unavailable
from waybill.ids import new_id
from waybill.state.bucket import StateBucket

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

EVENTS = Path(__file__).parents[3] / "events"
YEARS = ["hired_employees 2020", "hired_employees 2021", "hired_employees 2022"]


def event(name: str) -> dict[str, Any]:
    return dict(json.loads((EVENTS / f"{name}.json").read_text()))


def hires(database: Database) -> int:
    with database.connect("waybill_analytics") as reader:
        row = reader.execute("SELECT sum(q1 + q2 + q3 + q4)::int FROM mv_hires_q").fetchone()
    return int(row[0] or 0) if row else 0


def test_a_finished_job_refreshes_at_once(company: Database) -> None:
    assert handle(event("refresh"), Context())["refreshed"] == YEARS
    assert hires(company) == 14
    assert handle(event("refresh"), Context())["refreshed"] == []


def test_a_refresh_that_is_put_off_is_made_when_it_is_due(company: Database) -> None:
    assert handle(event("refresh"), Context())["refreshed"] == YEARS
    with owner(company) as connection:
        took(connection, 0.1)
        open_job(connection, "hired_employees", "MERGING")
        hire(connection, 50, "2021-05-05T00:00:00Z", 1, 1)
        mark(connection, "2021")
        # No merge ends.
        assert handle(event("refresh"), Context())["refreshed"] == ["hired_employees 2021"]
    assert hires(company) == 15


def test_the_schedule_without_a_marker_does_not_wake_the_database(
    company: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_PORT", "1")
    assert handle(event("refresh_schedule"), Context()) == {"refreshed": [], "markers": 0}
    assert hires(company) == 0


def test_the_schedule_makes_up_for_a_lost_event(company: Database, s3: "S3Client") -> None:
    with owner(company) as connection:
        job = mark(connection, "2021")
    StateBucket(s3, STATE).markers.put(job)
    assert handle(event("refresh_schedule"), Context()) == {"refreshed": YEARS, "markers": 1}
    assert StateBucket(s3, STATE).markers.list() == []


def test_the_marker_of_an_unpublished_job_stays(company: Database, s3: "S3Client") -> None:
    running, reported = new_id(), new_id()
    with owner(company) as connection:
        connection.execute(
            "INSERT INTO waybill.ingestion_jobs (job_id, dataset, state)"
            " VALUES (%s, 'hired_employees', 'MERGING'), (%s, 'hired_employees', 'FAILED')",
            (running, reported),
        )
    for job in (running, reported):
        StateBucket(s3, STATE).markers.put(job)
    s3.put_object(Bucket=STATE, Key="markers/look", Body=b"")
    assert handle(event("refresh_schedule"), Context())["markers"] == 2
    assert [key.rpartition("/")[2] for key in StateBucket(s3, STATE).markers.list()] == [
        str(running)
    ]


def test_an_unreachable_database_keeps_the_markers(
    company: Database, s3: "S3Client", monkeypatch: pytest.MonkeyPatch
) -> None:
    StateBucket(s3, STATE).markers.put(new_id())
    monkeypatch.setenv("DATABASE_PORT", "1")
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
    with pytest.raises(Unavailable):
        handle(event("refresh_schedule"), Context())
    assert len(StateBucket(s3, STATE).markers.list()) == 1
    assert hires(company) == 0


def test_a_concurrent_refresh_is_awaited(company: Database) -> None:
    with company.connect("waybill_refresh") as other:
        transaction = other.transaction()
        transaction.__enter__()
        refresh(other, "2020")
        timer = threading.Timer(0.4, lambda: transaction.__exit__(None, None, None))
        timer.start()
        assert handle(event("refresh"), Context())["refreshed"] == YEARS[1:]
        timer.join()


def test_a_concurrent_refresh_that_does_not_end_is_busy(
    company: Database, s3: "S3Client", monkeypatch: pytest.MonkeyPatch
) -> None:
    StateBucket(s3, STATE).markers.put(new_id())
    with (
        company.connect("waybill_refresh") as other,
        company.connect("waybill_refresh") as connection,
        other.transaction(),
    ):
        refresh(other, "2020")
        with pytest.raises(Busy, match="still running"):
            refresh_stale(connection, seconds=0.5)
        monkeypatch.setattr(refresh_stale_module, "_BUSY_SECONDS", 0.2)
        with pytest.raises(Busy, match="still running"):
            refresh_stale(connection, seconds=60)
    assert len(StateBucket(s3, STATE).markers.list()) == 1


def test_a_part_that_fails_does_not_stop_the_others(
    company: Database, refresher: Connection
) -> None:
    with owner(company) as connection:
        # A table in the place of the view: it cannot be refreshed, nor made.
        connection.execute("CREATE TABLE mv_hires_q_2021 (id int)")
    with pytest.raises(Retryable):
        refresh_stale(refresher, seconds=10)
    assert hires(company) == 2
    with owner(company) as connection:
        connection.execute("DROP TABLE mv_hires_q_2021")
    assert refresh_stale(refresher, seconds=10) == [StalePart("hired_employees", "2021")]


@pytest.fixture
def refresher(company: Database) -> Iterator[Connection]:
    with company.connect("waybill_refresh") as connection:
        yield connection


def test_jobs_that_finish_meanwhile_are_included(
    company: Database, refresher: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def finish_another() -> None:
        with owner(company) as connection:
            add_year(connection, 2023)
            hire(connection, 90, "2023-01-01T00:00:00Z", 1, 1)
            mark(connection, "2023")

    refresh_one = refresh_stale_module._Run._one

    def interrupted(run: refresh_stale_module._Run, part: StalePart) -> None:
        refresh_one(run, part)
        if part.part == "2022":
            finish_another()

    monkeypatch.setattr(refresh_stale_module._Run, "_one", interrupted)
    parts = refresh_stale(refresher, seconds=20)
    assert [part.part for part in parts] == ["2020", "2021", "2022", "2023"]


def test_partitions_are_made_ahead_of_time(company: Database) -> None:
    handle(event("refresh"), Context())
    with owner(company) as connection:
        row = connection.execute(
            "SELECT to_regclass('hired_employees_' || extract(year FROM now() + '1 year'))"
        ).fetchone()
    assert row is not None
    assert row[0] is not None
