"""Empty partitions are filled beside whoever reads and writes them, and whoever is killed."""

from contextlib import suppress
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from psycopg.errors import AdminShutdown, DatabaseError, LockNotAvailable

from tests.postgres.databases import Database
from tests.sql.blocked_calls import running, waits
from tests.sql.empty_partitions import COLUMNS, add_year, declare, load, oids, rows, year_of
from tests.sql.staging import Ledger

COUNT = "SELECT count(*) FROM gauges"


@pytest.fixture
def gauges(ledger: Ledger) -> Ledger:
    """With two empty years."""
    declare(ledger, "gauges")
    for year in (2020, 2021):
        add_year(ledger, "gauges", year)
    return ledger


def staged(ledger: Ledger, count: int = 40) -> UUID:
    job = ledger.land("gauges", 1)
    ledger.stage(job, "gauges", year_of(2020, count) + year_of(2021, count, 100), columns=COLUMNS)
    return job


def test_a_reader_of_before_sees_nothing_and_then_all(gauges: Ledger, database: Database) -> None:
    before = oids(gauges, "gauges")
    with database.connect() as reader:
        reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM pg_class LIMIT 1")
        gauges.merge(staged(gauges))
        assert oids(gauges, "gauges").keys() == before.keys()
        assert set(oids(gauges, "gauges").values()) & set(before.values()) == set()
        assert reader.execute(COUNT).fetchone() == (0,)
        assert reader.execute("SELECT count(*) FROM gauges_2020 WHERE id = 7").fetchone() == (0,)
        reader.execute("COMMIT")
        assert reader.execute(COUNT).fetchone() == (80,)


def test_rows_that_were_deleted_are_there_for_whoever_sees_them(
    gauges: Ledger, database: Database
) -> None:
    load(gauges, "gauges", 0, year_of(2020, 3, first=900))
    with database.connect() as reader:
        reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM pg_class LIMIT 1")
        gauges.declare("DELETE FROM gauges")
        gauges.merge(staged(gauges))
        assert reader.execute(COUNT).fetchone() == (3,)
        reader.execute("COMMIT")
        assert reader.execute(COUNT).fetchone() == (80,)


@pytest.mark.parametrize("read", ["gauges", "gauges_2021", "kinds"])
def test_a_merge_does_not_wait_for_a_reader_that_stays(
    gauges: Ledger, database: Database, read: str
) -> None:
    before = oids(gauges, "gauges")
    job = staged(gauges)
    with database.connect() as reader:
        reader.execute("BEGIN")
        reader.execute(f"SELECT count(*) FROM {read}".encode())
        assert gauges.merge(job)["outcome"] == "merged"
        reader.execute("COMMIT")
    assert gauges.waybill(job) == {"read": 80, "inserted": 80}
    assert not gauges.row_by_row(job)
    assert [row[0] for row in rows(gauges, "gauges")] == [*range(40), *range(100, 140)]
    assert oids(gauges, "gauges") == before


def test_readers_go_before_the_exchange(gauges: Ledger, database: Database) -> None:
    before = oids(gauges, "gauges")
    job = staged(gauges)

    with database.connect() as reader:
        reader.execute("BEGIN; SELECT count(*) FROM gauges")
        with running(lambda: gauges.merge(job)) as merged:
            assert waits(database, merged)
            assert reader.execute(COUNT).fetchone() == (0,)
            reader.execute("COMMIT")
            assert merged.result()["outcome"] == "merged"
    assert oids(gauges, "gauges").keys() == before.keys()
    assert gauges.rows(COUNT) == [(80,)]


@pytest.mark.parametrize("stays", [False, True])
def test_a_row_that_is_written_directly_meanwhile_stays(
    gauges: Ledger, database: Database, stays: bool
) -> None:
    job = staged(gauges)

    with database.connect() as reader:
        reader.execute("BEGIN; SELECT count(*) FROM kinds")
        with running(lambda: gauges.merge(job)) as merged:
            # The copies are filled.
            assert waits(database, merged)
            gauges.declare("INSERT INTO gauges_2021 (id, at) VALUES (7000, '2021-05-05')")
            if not stays:
                reader.execute("COMMIT")
            assert merged.result()["outcome"] == "merged"
    assert gauges.waybill(job) == {"read": 80, "inserted": 80}
    assert gauges.rows(COUNT) == [(81,)]


def test_a_key_that_is_written_directly_meanwhile_is_found_by_the_next_attempt(
    gauges: Ledger, database: Database
) -> None:
    job = staged(gauges)

    with database.connect() as reader:
        reader.execute("BEGIN; SELECT count(*) FROM kinds")
        with running(lambda: gauges.merge(job)) as merged:
            assert waits(database, merged)
            gauges.declare("INSERT INTO gauges_2021 (id, at) VALUES (100, '2021-05-02')")
            with pytest.raises(LockNotAvailable):
                merged.result()
    assert gauges.rows(COUNT) == [(1,)]
    gauges.merge(job)
    assert gauges.waybill(job) == {"read": 80, "inserted": 79, "updated": 1}
    assert gauges.rows(COUNT) == [(80,)]


def test_a_trigger_that_is_made_meanwhile_and_skips_rows_is_noticed(
    gauges: Ledger, database: Database
) -> None:
    job = staged(gauges)

    with database.connect() as reader:
        reader.execute("BEGIN; SELECT count(*) FROM kinds")
        with running(lambda: gauges.merge(job)) as merged:
            assert waits(database, merged)
            gauges.declare(
                "CREATE FUNCTION t() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
                "CREATE TRIGGER t BEFORE INSERT ON gauges_2021 FOR EACH ROW EXECUTE FUNCTION t();"
                "ALTER TABLE gauges_2021 ENABLE ALWAYS TRIGGER t"
            )
            with pytest.raises(DatabaseError, match="40 records were to be inserted, 0 were"):
                merged.result()
    assert gauges.rows(COUNT) == [(0,)]


def test_a_merge_that_is_killed_leaves_the_partitions(gauges: Ledger, database: Database) -> None:
    before = oids(gauges, "gauges")
    job = staged(gauges)
    with suppress(AdminShutdown), database.connect("pipeline") as victim:
        victim.execute("BEGIN")
        victim.execute("SELECT waybill.merge_job(%s)", (job,))
        gauges.admin.execute("SELECT pg_terminate_backend(%s, 5000)", (victim.info.backend_pid,))
    assert oids(gauges, "gauges") == before
    assert gauges.rows(COUNT) == [(0,)]
    gauges.merge(job)
    assert gauges.waybill(job) == {"read": 80, "inserted": 80}
    assert oids(gauges, "gauges") != before


def test_partitions_are_premade_beside_it(gauges: Ledger, database: Database) -> None:
    job = staged(gauges)

    def premake() -> tuple[Any, ...] | None:
        with database.connect() as admin:
            return admin.execute("SELECT waybill.premake_partitions()").fetchone()

    with database.connect("pipeline") as merge:
        merge.execute("BEGIN")
        merge.execute("SELECT waybill.merge_job(%s)", (job,))
        with running(premake) as made:
            assert waits(database, made)
            merge.execute("COMMIT")
            # This year and the next, of this table and of the hires.
            assert made.result() == (4,)
    assert gauges.rows(COUNT) == [(80,)]
    assert {"gauges_2020", "gauges_2021"} < oids(gauges, "gauges").keys()


def test_two_tables_of_the_same_parents_are_merged_at_once(
    gauges: Ledger, database: Database
) -> None:
    declare(gauges, "meters")
    add_year(gauges, "meters", 2020)
    job, other = staged(gauges), gauges.land("meters", 1)
    gauges.stage(other, "meters", year_of(2020), columns=COLUMNS)
    with database.connect("pipeline") as first:
        first.execute("BEGIN")
        first.execute("SELECT waybill.merge_job(%s)", (job,))

        with running(lambda: gauges.merge(other)) as merged:
            assert waits(database, merged)
            first.execute("COMMIT")
            assert merged.result()["outcome"] == "merged"
    assert gauges.rows(COUNT) == [(80,)]
    assert gauges.rows("SELECT count(*) FROM meters") == [(40,)]


def test_an_exchange_leaves_locks_to_others(gauges: Ledger, database: Database) -> None:
    declare(gauges, "days", unit="day")
    gauges.declare(
        "DO $$ BEGIN FOR n IN 1..50 LOOP EXECUTE format('CREATE TABLE days_%s PARTITION OF days"
        " FOR VALUES FROM (%L) TO (%L)', n, date '2019-12-31' + n, date '2020-01-01' + n);"
        " END LOOP; END $$"
    )
    before, job = oids(gauges, "days"), gauges.land("days", 1)
    first = date(2020, 1, 1)
    records = [(n, str(first + timedelta(n % 50)), n % 5, "x") for n in range(100)]
    gauges.stage(job, "days", records, columns=COLUMNS)
    with database.connect("pipeline") as merge:
        merge.execute("BEGIN")
        merge.execute("SELECT waybill.merge_job(%s)", (job,))
        ((held,),) = gauges.rows(
            "SELECT count(*) FROM pg_locks WHERE pid = %s", merge.info.backend_pid
        )
        merge.execute("COMMIT")
    after = oids(gauges, "days")
    assert sum(after[name] != before[name] for name in before) == 40
    assert gauges.rows("SELECT count(*) FROM days") == [(100,)]
    ((room,),) = gauges.rows(
        "SELECT current_setting('max_locks_per_transaction')::int"
        " * current_setting('max_connections')::int"
    )
    # A quarter for the exchange; the rest of the merge has locked the 50 with their indexes.
    assert held < room / 3
