"""Migrations that meet other sessions, or are killed."""

import threading
import time
from pathlib import Path

import psycopg
import pytest

from tests.integration.migrate.sql_files import BASE, paths, write
from tests.postgres.databases import Connection, Database
from waybill.database import migrations, script_transactions
from waybill.database.migrations import migrate
from waybill.errors import Busy, Unavailable


def test_a_second_runner_waits_and_finds_nothing_to_do(
    empty_database: Database, folder: Path
) -> None:
    write(folder, "migrations/9001_slow.sql", "SELECT pg_sleep(0.5);")
    found: list[list[str]] = []

    def one() -> None:
        with empty_database.connect() as connection:
            found.append(paths(connection, folder))

    runners = [threading.Thread(target=one) for _ in range(2)]
    for runner in runners:
        runner.start()
        time.sleep(0.05)
    for runner in runners:
        runner.join()
    assert found[1] == []
    assert "migrations/9001_slow.sql" in found[0]


def test_a_table_in_use_is_retried(
    admin: Connection,
    empty_database: Database,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    migrate(admin, folder)
    monkeypatch.setattr(migrations, "_LOCK_TIMEOUT", "100ms")
    monkeypatch.setattr(script_transactions, "_PAUSE_SECONDS", 0)
    write(folder, "migrations/9001_legs.sql", "ALTER TABLE colours ADD legs integer;")
    with empty_database.connect(autocommit=False) as reader:
        reader.execute("SET ROLE waybill_owner; SELECT * FROM colours")
        with pytest.raises(Busy, match="migrations/9001_legs"):
            migrate(admin, folder)
    write(folder, "datasets/colours.sql", BASE.replace("text NOT NULL", "text NOT NULL, legs int"))
    assert "migrations/9001_legs.sql" in paths(admin, folder)


def test_a_killed_runner_leaves_no_lock(
    admin: Connection, empty_database: Database, folder: Path
) -> None:
    write(folder, "migrations/9001_slow.sql", "SELECT pg_sleep(30);")
    failures: list[Exception] = []

    def one() -> None:
        try:
            with empty_database.connect() as connection:
                migrate(connection, folder)
        except (Unavailable, psycopg.OperationalError) as error:
            failures.append(error)

    runner = threading.Thread(target=one)
    runner.start()
    kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sl%'"
    while not admin.execute(kill).fetchall():
        time.sleep(0.05)
    runner.join()
    assert failures
    write(folder, "migrations/9001_slow.sql", "SELECT 1;")
    assert "migrations/9001_slow.sql" in paths(admin, folder)
