"""A refresh clears the changes that it saw, never waits for another, never blocks readers."""

import threading
import time
from datetime import datetime
from uuid import UUID

import pytest
from psycopg.errors import LockNotAvailable

from tests.postgres.databases import Connection, Database
from tests.sql.analytics.seed import add_year, hire, mark, owner, refresh
from waybill.ids import new_id

Q2 = "SELECT sum(q2) FROM mv_hires_q WHERE year = 2021"


def as_of(connection: Connection, part: str = "2021") -> datetime:
    row = connection.execute("SELECT waybill.as_of('mv_hires_q', %s)", (part,)).fetchone()
    assert row is not None
    return datetime.fromisoformat(str(row[0]))


def now(connection: Connection) -> datetime:
    row = connection.execute("SELECT clock_timestamp()").fetchone()
    assert row is not None
    return datetime.fromisoformat(str(row[0]))


def visibility(connection: Connection, job: UUID) -> str:
    row = connection.execute("SELECT waybill.job_visibility(%s)", (job,)).fetchone()
    assert row is not None
    return str(row[0])


def stale_jobs(database: Database) -> list[UUID]:
    with owner(database) as connection:
        found = connection.execute("SELECT job_id FROM waybill.stale_parts ORDER BY change_id")
        return [row[0] for row in found]


def test_without_stale_parts_nothing_is_refreshed(refresher: Connection) -> None:
    assert refresh(refresher, "2021") == "fresh"
    assert refresher.execute("SELECT * FROM waybill.stale_views()").fetchall() == []


def test_only_the_stale_year_is_recomputed(company: Database, refresher: Connection) -> None:
    versions = "SELECT part, refreshed_at FROM waybill.family_views"
    with owner(company) as connection:
        before = dict(connection.execute(versions.encode()).fetchall())
        hire(connection, 50, "2021-05-05T00:00:00Z", 1, 1)
        mark(connection, "2021")
        assert refresh(refresher, "2021") == "refreshed"
        after = dict(connection.execute(versions.encode()).fetchall())
    assert [part for part in before if before[part] != after[part]] == ["2021"]


def test_a_change_that_commits_during_the_refresh_stays_stale(
    company: Database, refresher: Connection, reader: Connection
) -> None:
    with owner(company) as connection:
        seen = mark(connection, "2021")
    outcome: list[str] = []
    with owner(company) as other, other.transaction():
        # The refresh has read the marks when it comes to this table, and waits there.
        other.execute("LOCK TABLE hired_employees_2021 IN ACCESS EXCLUSIVE MODE")
        thread = threading.Thread(target=lambda: outcome.append(refresh(refresher, "2021")))
        thread.start()
        wait_for_waiter(company)
        hire(other, 60, "2021-05-05T00:00:00Z", 1, 1)
        late = mark(other, "2021")
    thread.join()
    committed = now(reader)
    assert outcome == ["refreshed"]
    assert stale_jobs(company) == [late]
    assert visibility(reader, seen) == "visible"
    assert visibility(reader, late) == "stale"
    assert as_of(reader) < committed
    assert refresh(refresher, "2021") == "refreshed"
    assert visibility(reader, late) == "visible"
    assert as_of(reader) > committed


def wait_for_waiter(database: Database) -> None:
    waiting = (
        "SELECT count(*) FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)"
        " WHERE NOT l.granted AND a.datname = current_database()"
    )
    with owner(database) as connection:
        while connection.execute(waiting.encode()).fetchone() == (0,):
            time.sleep(0.01)


def test_an_uncommitted_change_is_not_cleared(company: Database, refresher: Connection) -> None:
    with owner(company) as first, owner(company) as second:
        with first.transaction():
            open_job = mark(first, "2021")
            mark(second, "2021")
            assert refresh(refresher, "2021") == "refreshed"
        assert stale_jobs(company) == [open_job]


def test_readers_are_not_blocked_by_a_refresh(
    company: Database, refresher: Connection, reader: Connection
) -> None:
    with owner(company) as connection:
        hire(connection, 70, "2021-05-05T00:00:00Z", 1, 1)
        mark(connection, "2021")
    reader.execute("SET lock_timeout TO '100ms'")
    with refresher.transaction():
        assert refresh(refresher, "2021") == "refreshed"
        # All its locks are held, and the commit is still to come.
        assert reader.execute(Q2).fetchone() == (3,)
    assert reader.execute(Q2).fetchone() == (4,)


def test_a_second_refresher_is_refused_at_once(company: Database, refresher: Connection) -> None:
    with owner(company) as connection:
        mark(connection, "2021", "2022")
    with company.connect("waybill_refresh") as second:
        with refresher.transaction():
            assert refresh(refresher, "2021") == "refreshed"
            assert refresh(second, "2021") == "busy"
            assert refresh(second, "2022") == "busy"
        assert refresh(second, "2021") == "fresh"
        assert refresh(second, "2022") == "refreshed"


def test_a_reader_that_blocks_a_new_year_leaves_it_stale(
    company: Database, refresher: Connection, reader: Connection
) -> None:
    with owner(company) as connection:
        add_year(connection, 2023)
        hire(connection, 80, "2023-05-05T00:00:00Z", 1, 1)
        job = mark(connection, "2023")
    with reader.transaction():
        reader.execute("SELECT * FROM mv_hires_q").fetchall()
        with pytest.raises(LockNotAvailable):
            refresh(refresher, "2023")
    assert stale_jobs(company) == [job]
    assert refresh(refresher, "2023") == "refreshed"


def test_as_of_is_now_when_nothing_is_missing(reader: Connection) -> None:
    for part in ("2021", "1999"):
        before = now(reader)
        assert before < as_of(reader, part) < now(reader)


def test_as_of_is_before_a_change_that_is_missing(company: Database, reader: Connection) -> None:
    with owner(company) as connection:
        before = now(connection)
        mark(connection, "1999", "2021")
        after = now(connection)
    assert before < as_of(reader, "1999") < after
    assert before < as_of(reader, "2021") < after
    assert as_of(reader, "2022") > after


def test_a_job_is_visible_once_its_parts_are_refreshed(
    company: Database, reader: Connection
) -> None:
    job = new_id()
    assert visibility(reader, job) == "unknown"
    with owner(company) as connection:
        insert = "INSERT INTO waybill.ingestion_jobs (job_id, dataset, state) VALUES (%s, %s, %s)"
        connection.execute(insert.encode(), (job, "hired_employees", "MERGING"))
        assert visibility(reader, job) == "open"
        connection.execute("UPDATE waybill.ingestion_jobs SET state = 'FAILED'")
        assert visibility(reader, job) == "visible"
        # Names are joined by the query: there is no view to wait for.
        assert visibility(reader, mark(connection, "", dataset="departments")) == "visible"


def test_stale_marks_without_a_view_are_deleted(company: Database, refresher: Connection) -> None:
    with owner(company) as connection:
        mark(connection, "", dataset="departments")
        job = mark(connection, "2022", "2021")
    stale = refresher.execute("SELECT * FROM waybill.stale_views()").fetchall()
    assert stale == [("hired_employees", "2022"), ("hired_employees", "2021")]
    assert stale_jobs(company) == [job, job]


def test_jobs_that_have_ended_and_were_published_are_settled(
    company: Database, refresher: Connection
) -> None:
    running, unpublished = new_id(), new_id()
    with owner(company) as connection:
        stale = mark(connection, "2021")
        reported = mark(connection)
        taken_up = mark(connection)
        for job, state in ((running, "MERGING"), (unpublished, "FAILED")):
            connection.execute(
                "INSERT INTO waybill.ingestion_jobs (job_id, dataset, state) VALUES (%s, 'x', %s)",
                (job, state),
            )
        connection.execute(
            "INSERT INTO waybill.outbox (kind, payload)"
            " VALUES ('job.finished', jsonb_build_object('job_id', %s::uuid))",
            (unpublished,),
        )
        connection.execute(
            "INSERT INTO waybill.job_runs (job_id, step, attempt) VALUES (%s, 'merge', 2)",
            (taken_up,),
        )
    # The job of a batch that is not committed yet is unknown, too.
    unknown, just_made = new_id(1_700_000_000_000), new_id()
    jobs = [stale, reported, taken_up, running, unpublished, unknown, just_made]
    found = refresher.execute("SELECT * FROM waybill.settled_jobs(%s)", (jobs,)).fetchall()
    assert [row[0] for row in found] == [reported, unknown]
