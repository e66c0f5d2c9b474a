"""No read after a job's end serves what was before it, whatever the cache does.

The cache loses, delays and reorders entries. The last tests break the protocol one part at a time,
and the machine finds each of them out.
"""

import itertools
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.errors import FlakyFailure
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.integration.lookups.lossy_store import LossyStore
from tests.integration.lookups.processes import (
    NO_GENERATION,
    NO_WAIT,
    Process,
    break_protocol,
    name_of,
    shorten_leases,
    write,
)
from tests.postgres.databases import Connection, Database
from waybill.cache.entries import Entries
from waybill.cache.in_process import InProcessStore
from waybill.cache.store import CacheStore

USERS = st.integers(1, 3)
PROCESSES = 3


@pytest.fixture
def short_leases(database: Database) -> Database:
    shorten_leases(database)
    return database


@pytest.fixture
def writer(short_leases: Database) -> Iterator[Connection]:
    with short_leases.connect("api") as connection:
        yield connection


class CachedReads(RuleBasedStateMachine):
    """Writes and reads one after the other; every read must have the last write."""

    database: ClassVar[Database]
    writer: ClassVar[Connection]
    numbers: ClassVar[Iterator[int]]
    written: ClassVar[dict[int, int]]

    def __init__(self) -> None:
        super().__init__()
        self.processes: list[Process] = []

    @initialize(seed=st.integers(0, 2**32 - 1))
    def start(self, seed: int) -> None:
        # Not `st.randoms`: how often the store draws depends on real time, and Hypothesis refuses
        # examples that draw differently the second time.
        self.shared = LossyStore(random.Random(seed))
        stores: list[CacheStore] = [self.shared, self.shared, InProcessStore()]
        self.processes = [Process(self.database, store) for store in stores]

    @rule(user=USERS)
    def write(self, user: int) -> None:
        number = next(self.numbers)
        write(self.writer, user, number)
        self.written[user] = number

    @rule(user=USERS, process=st.integers(0, PROCESSES - 1))
    def read(self, user: int, process: int) -> None:
        assert name_of(self.processes[process].read(user)) == self.written.get(user, 0)

    @rule()
    def deliver(self) -> None:
        self.shared.deliver()

    @rule(user=USERS)
    def change_that_is_undone(self, user: int) -> None:
        with pytest.raises(ZeroDivisionError), self.writer.transaction():
            write(self.writer, user, next(self.numbers))
            for process in self.processes:
                assert name_of(process.read(user)) == self.written.get(user, 0)
            raise ZeroDivisionError

    @rule(milliseconds=st.integers(1, 40))
    def time_passes(self, milliseconds: int) -> None:
        time.sleep(milliseconds / 1000)

    def teardown(self) -> None:
        for process in self.processes:
            process.close()


def run_machine(database: Database, writer: Connection) -> None:
    shared = {"database": database, "writer": writer, "numbers": itertools.count(1)}
    machine = type("Machine", (CachedReads,), {**shared, "written": {}})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=25,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            # Time is real: a failure is shown as it was found.
            phases=[Phase.generate],
            report_multiple_bugs=False,
        ),
    )


def test_every_read_returns_the_last_write(short_leases: Database, writer: Connection) -> None:
    run_machine(short_leases, writer)


def read_until(
    over: threading.Event, process: Process, finished: list[int]
) -> tuple[int, list[tuple[int, int]]]:
    """Read a row until `over`; the number of cache hits, and the names older than `finished`."""
    hits, stale = 0, []
    while not over.is_set():
        before = finished[0]
        found = process.read(1)
        hits += found.cache_status == "hit"
        if name_of(found) < before:
            stale.append((name_of(found), before))
    process.close()
    return hits, stale


def test_concurrent_readers_never_go_back_behind_a_finished_job(
    short_leases: Database, writer: Connection
) -> None:
    store = LossyStore(random.Random(1))
    finished = [0]
    over = threading.Event()
    with ThreadPoolExecutor(PROCESSES) as pool:
        readers = [
            pool.submit(read_until, over, Process(short_leases, store), finished)
            for _ in range(PROCESSES)
        ]
        try:
            for number in range(1, 31):
                write(writer, 1, number)
                finished[0] = number
                time.sleep(0.02)
        finally:
            over.set()
    results = [reader.result() for reader in readers]
    assert [stale for _, stale in results] == [[]] * PROCESSES
    assert sum(hits for hits, _ in results) > 0
    assert store.served_old > 0


def find_stale_read(database: Database, writer: Connection) -> bool:
    """Whether the machine fails with a read of an earlier write."""
    try:
        run_machine(database, writer)
    except AssertionError:
        return True
    except FlakyFailure as failure:
        # It was found, and not again when Hypothesis repeated the steps: time is real.
        return failure.subgroup(AssertionError) is not None
    return False


@pytest.mark.parametrize("statements", [NO_WAIT, NO_GENERATION], ids=["wait", "generation"])
def test_a_database_that_breaks_the_protocol_is_found_out(
    short_leases: Database, writer: Connection, statements: str
) -> None:
    break_protocol(short_leases, statements)
    assert find_stale_read(short_leases, writer)


def test_a_process_that_serves_entries_of_any_generation_is_found_out(
    short_leases: Database, writer: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Entries.read
    monkeypatch.setattr(
        Entries, "read", lambda self, key, _version, load: read(self, key, "any", load)
    )
    assert find_stale_read(short_leases, writer)


def test_a_process_whose_leases_never_end_is_found_out(
    short_leases: Database, writer: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("waybill.cache.leases._MARGIN", 1000.0)
    assert find_stale_read(short_leases, writer)
