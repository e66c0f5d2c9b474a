"""Partitions become one beside transactions whose snapshot is older than the copy."""

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

import pytest
from psycopg.errors import LockNotAvailable, QueryCanceled

from tests.postgres.databases import Database
from tests.sql.blocked_calls import running, sleeps
from tests.sql.folding import fold, load, monthly, partitions, records, step, until
from tests.sql.staging import Ledger

SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM pg_class LIMIT 1"
COUNT = "SELECT count(*) FROM visits"


@pytest.fixture
def visits(ledger: Ledger) -> Ledger:
    return monthly(ledger)


@pytest.fixture
def swap(database: Database) -> Callable[[], Any]:
    def take_step() -> Any:
        with database.connect() as admin:
            return admin.execute("SELECT done FROM waybill.fold_step()").fetchone()

    return take_step


def is_folded(visits: Ledger, swapped: Future[Any]) -> bool:
    """Whether the waiting step ended so, or the next one if this machine was slow."""
    with suppress(LockNotAvailable):
        return bool(swapped.result() == ("folded",))
    return fold(visits) == ["folded"]


def test_a_reader_of_before_the_copy_finds_the_rows(
    visits: Ledger, database: Database, swap: Callable[[], Any]
) -> None:
    with database.connect() as reader:
        reader.execute(SNAPSHOT)
        until(visits, "analysed")
        with running(swap) as swapped:
            assert sleeps(database, swapped)
            assert reader.execute(COUNT).fetchone() == (600,)
            reader.execute("COMMIT")
        assert is_folded(visits, swapped)


def test_a_reader_that_stays_postpones_the_exchange(visits: Ledger, database: Database) -> None:
    with database.connect() as reader:
        reader.execute(SNAPSHOT)
        until(visits, "analysed")
        with pytest.raises(LockNotAvailable, match=f" {reader.info.backend_pid} is older"):
            step(visits)
        assert len(partitions(visits)) == 12
        reader.execute("COMMIT")
    assert fold(visits) == ["folded"]


def test_a_reader_of_after_the_copy_keeps_no_exchange_and_finds_the_rows(
    visits: Ledger, database: Database
) -> None:
    with database.connect() as reader:
        until(visits, "analysed")
        reader.execute(SNAPSHOT)
        assert fold(visits) == ["folded"]
        assert reader.execute(COUNT).fetchone() == (600,)
        reader.execute("COMMIT")


def test_readers_of_before_a_part_is_copied_again_are_waited_for(
    visits: Ledger, database: Database, swap: Callable[[], Any]
) -> None:
    until(visits, "analysed")
    with database.connect() as reader:
        visits.declare("INSERT INTO visits VALUES (9000, '2021-04-30', 1, 'x')")
        reader.execute(SNAPSHOT)
        assert [step(visits) for _ in range(2)] == ["changed", "copied"]
        with running(swap) as swapped:
            assert sleeps(database, swapped)
            assert reader.execute(COUNT).fetchone() == (601,)
            reader.execute("COMMIT")
        assert is_folded(visits, swapped)


def test_readers_of_before_a_new_partition_is_copied_are_waited_for(
    visits: Ledger, database: Database, swap: Callable[[], Any]
) -> None:
    visits.declare("DROP TABLE visits_2021_07")
    until(visits, "analysed")
    ((before,),) = visits.rows(COUNT)
    load(visits, 9, records(6, 1))
    assert "visits_2021_07" in partitions(visits)
    with database.connect() as reader:
        reader.execute(SNAPSHOT)
        assert step(visits) == "copied"
        with running(swap) as swapped:
            assert sleeps(database, swapped)
            assert reader.execute(COUNT).fetchone() == (before + 1,)
            reader.execute("COMMIT")
        assert is_folded(visits, swapped)


def test_a_snapshot_that_was_passed_on_is_waited_for(
    visits: Ledger, database: Database, swap: Callable[[], Any]
) -> None:
    with database.connect() as exporter, database.connect() as reader:
        exporter.execute(SNAPSHOT)
        ((snapshot,),) = exporter.execute("SELECT pg_export_snapshot()").fetchall()
        until(visits, "analysed")
        reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        reader.execute(f"SET TRANSACTION SNAPSHOT '{snapshot}'".encode())
        exporter.execute("COMMIT")
        with running(swap) as swapped:
            assert sleeps(database, swapped)
            assert reader.execute(COUNT).fetchone() == (600,)
            reader.execute("COMMIT")
        assert is_folded(visits, swapped)


def test_whoever_has_no_snapshot_is_not_waited_for(visits: Ledger, database: Database) -> None:
    with database.connect() as writer:
        writer.execute("BEGIN; CREATE TEMPORARY TABLE written ()")
        assert fold(visits)[-1] == "folded"
        assert writer.execute(COUNT).fetchone() == (600,)
        writer.execute("COMMIT")


def test_a_vacuum_of_another_table_is_not_waited_for(visits: Ledger, database: Database) -> None:
    visits.declare("CREATE TABLE wide AS SELECT repeat('x', 1000) FROM generate_series(1, 2000)")

    def vacuum() -> None:
        with database.connect() as admin:
            admin.execute("SET vacuum_cost_delay = 100; SET vacuum_cost_limit = 1")
            with pytest.raises(QueryCanceled):
                admin.execute("VACUUM wide")

    vacuums = "SELECT pid FROM pg_stat_progress_vacuum WHERE relid = 'wide'::regclass"
    with running(vacuum) as ended:
        while not visits.rows(vacuums):
            assert not ended.done()
        assert fold(visits)[-1] == "folded"
        ((process,),) = visits.rows(vacuums)
        visits.admin.execute("SELECT pg_cancel_backend(%s)", (process,))
        ended.result()
