"""Partitions become one beside whoever reads and writes them, and whoever is killed."""

from contextlib import suppress
from typing import Any

import pytest
from psycopg.errors import AdminShutdown, LockNotAvailable

from tests.postgres.databases import Connection, Database
from tests.sql.blocked_calls import running, waits
from tests.sql.folding import COPIES, ROWS, fold, load, monthly, partitions, records, step, until
from tests.sql.staging import Ledger


@pytest.fixture
def visits(ledger: Ledger) -> Ledger:
    return monthly(ledger)


CHANGES = {
    "insert": "INSERT INTO visits VALUES (9000, '2021-04-30', 1, 'x')",
    "update": "UPDATE visits SET note = 'x' WHERE id = 7",
    "delete": "DELETE FROM visits WHERE id BETWEEN 10 AND 30",
    "move": "UPDATE visits SET day = '2021-12-31' WHERE id = 8",
    "exchange": "DELETE FROM visits WHERE id = 3; INSERT INTO visits VALUES (9, '2021-04-04', 1)",
    "direct": "INSERT INTO visits_2021_04 VALUES (9001, '2021-04-29', 2, 'y')",
    "truncate": "TRUNCATE visits_2021_06",
    "rewrite": "DELETE FROM visits WHERE mod(id, 7) = 0;"
    " CLUSTER visits_2021_05 USING visits_2021_05_pkey",
    "savepoint": "BEGIN; SAVEPOINT a; UPDATE visits SET note = 'z' WHERE id = 20;"
    " RELEASE a; COMMIT",
}


@pytest.mark.parametrize("after", ["copied", "analysed"])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_changes_meanwhile_is_in_the_year(visits: Ledger, change: str, after: str) -> None:
    until(visits, after)
    visits.declare(change)
    before = visits.rows(ROWS)
    fold(visits)
    assert partitions(visits) == ["visits_2021"]
    assert visits.rows(ROWS) == before


def test_a_change_that_is_open_while_rows_are_copied_is_found(
    visits: Ledger, database: Database
) -> None:
    with database.connect() as writer:
        writer.execute(
            "BEGIN; SAVEPOINT a; UPDATE visits SET note = 'late' WHERE id = 20; RELEASE a"
        )
        until(visits, "analysed")
        with pytest.raises(LockNotAvailable):
            step(visits)
        writer.execute("COMMIT")
    assert "changed" in fold(visits)
    assert visits.rows("SELECT note FROM visits WHERE id = 20") == [("late",)]
    assert partitions(visits) == ["visits_2021"]


def test_a_load_waits_for_no_copy(visits: Ledger, database: Database) -> None:
    with database.connect() as folder:
        for n in range(14):
            folder.execute("BEGIN")
            folder.execute("SELECT waybill.fold_step()")
            load(visits, 10 + n, records(1000 + n, 1))
            folder.execute("COMMIT")
    fold(visits)
    assert visits.rows("SELECT count(*) FROM visits") == [(614,)]
    assert partitions(visits) == ["visits_2021"]


def test_readers_go_before_the_exchange(visits: Ledger, database: Database) -> None:
    until(visits, "analysed")
    with database.connect() as reader:
        reader.execute("BEGIN; SELECT count(*) FROM visits")

        def swap() -> tuple[Any, ...] | None:
            with database.connect() as admin:
                return admin.execute("SELECT done FROM waybill.fold_step()").fetchone()

        with running(swap) as swapped:
            assert waits(database, swapped)
            assert reader.execute("SELECT count(*) FROM visits").fetchone() == (600,)
            reader.execute("COMMIT")
            assert swapped.result() == ("folded",)


def test_a_reader_that_stays_postpones_the_exchange(visits: Ledger, database: Database) -> None:
    until(visits, "analysed")
    with database.connect() as reader:
        reader.execute("BEGIN; SELECT count(*) FROM visits")
        with pytest.raises(LockNotAvailable):
            step(visits)
        assert len(partitions(visits)) == 12
        reader.execute("COMMIT")
    assert fold(visits) == ["folded"]


def test_rows_of_a_partition_that_is_dropped_before_the_exchange_stay_away(
    visits: Ledger,
) -> None:
    until(visits, "analysed")
    visits.declare("DROP TABLE visits_2021_04")
    before = visits.rows(ROWS)
    # As in a step that looked at the partitions just before it was dropped.
    assert visits.rows(
        "SELECT waybill.swap_partitions(f, waybill.plan_of_dataset(f.dataset))"
        " FROM waybill.folds AS f"
    ) == [("given_up",)]
    assert visits.rows(ROWS) == before
    assert visits.rows(COPIES) == []


def kill(database: Database, victim: Connection) -> None:
    with database.connect() as admin:
        admin.execute("SELECT pg_terminate_backend(%s, 5000)", (victim.info.backend_pid,))


# Before the copy, in the middle of it, and in each step after it.
@pytest.mark.parametrize("steps", [0, 5, 13, 15, 16])
def test_a_step_that_is_killed_is_done_again(
    visits: Ledger, database: Database, steps: int
) -> None:
    before = visits.rows(ROWS)
    for _ in range(steps):
        step(visits)
    with suppress(AdminShutdown), database.connect() as victim:
        victim.execute("BEGIN; SELECT waybill.fold_step()")
        kill(database, victim)
    fold(visits)
    assert partitions(visits) == ["visits_2021"]
    assert visits.rows(ROWS) == before
