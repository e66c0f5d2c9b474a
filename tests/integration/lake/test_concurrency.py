"""Batches that write while a partition is archived, and backends that are ended meanwhile."""

import json
import os
import random
import threading
from collections.abc import Callable
from contextlib import suppress

import psycopg
import pytest

from tests.integration.lake.conftest import Lake
from tests.postgres.databases import Connection, Database

_BUSY = ("55P03", "40P01")


def repeat_beside(database: Database, work: Callable[[Connection], None]) -> threading.Event:
    """Repeat work on a connection of its own until the event is set; it is cleared at the end."""
    stop = threading.Event()

    def repeat() -> None:
        with database.connect() as connection:
            while not stop.is_set():
                work(connection)
        stop.clear()

    threading.Thread(target=repeat).start()
    return stop


def end(stop: threading.Event) -> None:
    """Let the work end."""
    stop.set()
    while stop.is_set():
        threading.Event().wait(0.01)


def deliver_until(lake: Lake, state: str, label: str = "2019") -> None:
    """Deliver the message again and again, as the queue does."""
    query = "SELECT partition_id FROM waybill.archived_partitions WHERE label = %s"
    for _ in range(200):
        if lake.state(label) == state:
            return
        lake.deliver(lake.one(query, label))
        if lake.state(label) == "FAILED":
            # The next day.
            lake.admin.execute(
                "UPDATE waybill.archived_partitions SET changed_at = now() - interval '2 days'"
            )
            lake.due()
    raise AssertionError(lake.document(label))


def test_rows_of_batches_are_in_the_table_in_the_lake_or_refused(
    lake: Lake, database: Database
) -> None:
    lake.fill("2019", 3000)
    lake.due()
    accepted, refused, failures = set(range(1, 3001)), set[int](), set[int]()
    numbers = iter(range(10_000, 10**6))

    def batch(connection: Connection) -> None:
        number = next(numbers)
        threading.Event().wait(0.02)
        at = f"{'2019' if number % 2 else '2024'}-07-08 00:00:00+00"
        rows = json.dumps([[0, {"id": str(number), "at": at}, str(number)]])
        while True:
            try:
                connection.execute(
                    "SELECT waybill.merge_batch(gen_random_uuid(), 'kinds', %s, 'atomic')", (rows,)
                )
            except psycopg.Error as error:
                if error.sqlstate in _BUSY:
                    continue
                (refused if error.sqlstate == "WB009" else failures).add(number)
            else:
                accepted.add(number)
            return

    stop = repeat_beside(database, batch)
    try:
        deliver_until(lake, "ARCHIVED")
        threading.Event().wait(0.2)
    finally:
        end(stop)
    table = [row[0] for row in lake.admin.execute("SELECT id FROM kinds").fetchall()]
    stored = [row["id"] for row in lake.stored()]
    assert sorted([*table, *stored]) == sorted(accepted)
    assert (bool(refused), failures) == (True, set())
    assert all(number % 2 for number in refused)
    lake.restore()
    table = [row[0] for row in lake.admin.execute("SELECT id FROM kinds").fetchall()]
    assert sorted(table) == sorted(accepted)


# psycopg warns of a cursor that it could not close, since its connection was ended.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_ended_backends_lose_and_repeat_nothing(lake: Lake, database: Database) -> None:
    chance = random.Random(int(os.environ.get("WAYBILL_SEED", "48")))
    lake.fill("2019", 3_000)
    before = lake.rows()
    kills = 0

    def kill(connection: Connection) -> None:
        nonlocal kills
        threading.Event().wait(chance.uniform(0.05, 0.5))
        with suppress(psycopg.Error):
            kills += connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE usename = 'waybill_load' AND datname = current_database()"
            ).rowcount

    stop = repeat_beside(database, kill)
    try:
        while not kills:
            lake.let_go()
            lake.due()
            deliver_until(lake, "ARCHIVED")
            assert sorted(row["id"] for row in lake.stored()) == list(range(1, 3_001))
            lake.ask()
            deliver_until(lake, "RESTORED")
            while lake.objects():
                lake.deliver(lake.one("SELECT partition_id FROM waybill.archived_partitions"))
            assert lake.rows() == before
    finally:
        end(stop)
