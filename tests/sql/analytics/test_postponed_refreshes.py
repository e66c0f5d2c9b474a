"""A refresh is put off for a bounded time while further files of its dataset are merged."""

import time
from uuid import UUID

import pytest

from tests.postgres.databases import Connection, Database
from tests.sql.analytics.seed import mark, open_job, owner, refresh, took
from tests.sql.blocked_calls import running


def stale(connection: Connection) -> list[str]:
    found = connection.execute("SELECT part FROM waybill.stale_views() WHERE part <> ''")
    return [part for (part,) in found]


def postponed(connection: Connection) -> list[tuple[str, int]]:
    found = connection.execute("SELECT dataset, ceil(seconds) FROM waybill.postponed_refreshes()")
    return [(dataset, int(seconds)) for dataset, seconds in found]


def end(connection: Connection, job: UUID) -> None:
    connection.execute(
        "UPDATE waybill.ingestion_jobs SET state = 'CANCELLED' WHERE job_id = %s", (job,)
    )


def test_it_is_put_off_while_a_file_is_about_to_be_merged(
    company: Database, refresher: Connection
) -> None:
    with owner(company) as connection:
        took(connection, 1)
        mark(connection, "2021")
        assert stale(refresher) == ["2021"]
        job = open_job(connection, "hired_employees", "MERGING")
        assert stale(refresher) == []
        assert postponed(connection) == [("hired_employees", 10)]
        end(connection, job)
        assert stale(refresher) == ["2021"]


@pytest.mark.parametrize("state", ["LANDED", "LOADING"])
def test_it_is_not_put_off_for_a_file_that_is_being_read(
    company: Database, refresher: Connection, state: str
) -> None:
    with owner(company) as connection:
        took(connection, 1)
        mark(connection, "2021")
        open_job(connection, "hired_employees", state)
        open_job(connection, "departments", "MERGING")
    assert stale(refresher) == ["2021"]


def test_it_is_not_put_off_for_a_file_that_waits_for_another(
    company: Database, refresher: Connection
) -> None:
    with owner(company) as connection:
        took(connection, 1)
        mark(connection, "2021")
        open_job(connection, "departments", "LOADING", "2026-01-01")
        open_job(connection, "hired_employees", "MERGING", "2026-01-02")
    assert stale(refresher) == ["2021"]


def test_it_is_put_off_for_half_a_minute_at_most(company: Database, refresher: Connection) -> None:
    with owner(company) as connection:
        took(connection, 3600)
        mark(connection, "2021")
        open_job(connection, "hired_employees", "MERGING")
        assert postponed(connection) == [("hired_employees", 30)]
        connection.execute(
            "UPDATE waybill.stale_parts SET marked_at = marked_at - interval '30 seconds'"
        )
        mark(connection, "2022")
        assert stale(refresher) == ["2021", "2022"]


def test_the_views_of_a_part_are_timed_from_one_beginning(company: Database) -> None:
    with owner(company) as connection:
        took(connection, 1)
        connection.execute(
            "INSERT INTO waybill.view_families (family, dataset, source, row_key, definition)"
            " SELECT 'second', dataset, source, row_key, definition FROM waybill.view_families"
            " WHERE dataset = 'hired_employees';"
            "INSERT INTO waybill.family_views (family, part, as_of, refreshed_at)"
            " SELECT 'second', part, as_of, refreshed_at + interval '0.5 s'"
            " FROM waybill.family_views"
        )
        open_job(connection, "hired_employees", "MERGING")
        mark(connection, "2021")
        assert postponed(connection) == [("hired_employees", 15)]


def test_a_view_that_is_quick_or_new_is_put_off_for_as_little(
    company: Database, refresher: Connection
) -> None:
    with owner(company) as connection:
        took(connection, 0)
        open_job(connection, "hired_employees", "MERGING")
        mark(connection, "2021", "2030")
        assert stale(refresher) == ["2021", "2030"]


def test_a_family_that_is_declared_anew_is_not_put_off(
    company: Database, refresher: Connection
) -> None:
    with owner(company) as connection:
        took(connection, 1)
        mark(connection, "2021")
        # As register_view_family marks it.
        connection.execute("UPDATE waybill.stale_parts SET marked_at = '-infinity'")
        open_job(connection, "hired_employees", "MERGING")
        assert postponed(connection) == []
    assert stale(refresher) == ["2021"]


def test_one_caller_waits_until_it_is_due(company: Database, refresher: Connection) -> None:
    wait = b"SELECT waybill.wait_for_postponed()"
    assert refresher.execute(wait).fetchone() == (False,)
    with owner(company) as connection, company.connect("waybill_refresh") as other:
        took(connection, 0.2)
        mark(connection, "2021")
        open_job(connection, "hired_employees", "MERGING")
        with running(lambda: other.execute(wait).fetchone()) as waiting:
            sleeps(company)
            assert refresher.execute(wait).fetchone() == (False,)
            assert waiting.result() == (True,)
    assert stale(refresher) == ["2021"]


def sleeps(database: Database) -> None:
    """Returns once a call of this database sleeps."""
    sleeping = (
        b"SELECT count(*) FROM pg_stat_activity"
        b" WHERE wait_event = 'PgSleep' AND datname = current_database()"
    )
    deadline = time.monotonic() + 60
    with database.connect() as admin:
        while admin.execute(sleeping).fetchone() == (0,):
            assert time.monotonic() < deadline
            time.sleep(0.005)


def test_tables_are_analysed_with_the_refresh(company: Database, refresher: Connection) -> None:
    with owner(company) as connection:
        connection.execute(
            "INSERT INTO hired_employees (id, name, hire_dt)"
            " SELECT n, 'someone', '2021-05-01' FROM generate_series(1000, 1200) AS n"
        )
        connection.execute("SELECT pg_stat_force_next_flush()")
        took(connection, 1)
        mark(connection, "2021")
        job = open_job(connection, "hired_employees", "MERGING")
        assert "hired_employees_2021" not in analysable(refresher)
        end(connection, job)
        assert refresh(refresher, "2021") == "refreshed"
        assert "hired_employees_2021" in analysable(refresher)


def analysable(connection: Connection) -> list[str]:
    found = connection.execute("SELECT * FROM waybill.tables_to_analyse()")
    return [str(table).removeprefix("public.") for (table,) in found]
