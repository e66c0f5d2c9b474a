"""Concurrent loaders, merges, readers, refreshes and new partitions over the same keys.

Messages are doubled and lost meanwhile, and functions are killed or suspended at a call.
"""

import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace

import pytest
from psycopg import errors
from psycopg.types.json import Jsonb

from functions.pipeline.refresh.refresh_stale import refresh_stale
from tests.postgres.databases import Connection, Database
from tests.stateful.fake_aws import Message
from tests.stateful.fake_cloud import QUEUES, FakeCloud, Suspended
from tests.stateful.faults import Fault
from tests.stateful.invariants import check, check_against_reload
from tests.stateful.model import File, body_of, read_of
from tests.stateful.tables import TABLES, Table
from tests.torture.figures import Figures
from waybill.errors import Busy
from waybill.ids import new_id

_WORKERS = 4
_MOST_WAITING = 40
_MOST_SUSPENDED = 3
# A message that comes back is doubled again.
_MOST_COPIED = 10
# Shares of the deliveries. A second copy of a message is there while the first is at work.
_DOUBLED_SHARE, _LOST_SHARE, _KILLED_SHARE, _SUSPENDED_SHARE = 0.3, 0.1, 0.25, 0.05
_CALLS = 16
"""A call at which a function is killed or suspended is one of its first ones."""
# What comes back later by itself, as every caller of these does.
_BUSY = (errors.LockNotAvailable, errors.QueryCanceled)
_DOUBLED = (
    "SELECT count(*) FROM (SELECT id FROM hired_employees GROUP BY id HAVING count(*) > 1) AS x"
)


@dataclass
class Overlap:
    """Threads that share a cloud; a thread's error ends all."""

    cloud: FakeCloud
    figures: Figures
    chance: random.Random
    files: list[File] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def go(self, seconds: float) -> None:
        """All at once for so long; then everything is delivered and held against the model."""
        threads = [threading.Thread(target=self._again, args=(task,)) for task in self._tasks()]
        for thread in threads:
            thread.start()
        self.over.wait(seconds)
        self.over.set()
        for thread in threads:
            thread.join()
        for error in self.errors:
            raise error
        self.cloud.settle()
        with self.cloud.database.connect() as admin:
            admin.execute("SET ROLE waybill_owner")
            check(admin, self.files, self.cloud.events.published)
            check_against_reload(admin, self.files)
            self._assert_no_deadlock(admin)

    def _tasks(self) -> list[Callable[[Connection], None]]:
        """What is done again and again, each in a thread of its own."""
        others = [self._land, self._read, self._refresh, self._add, self._batch]
        return [self._deliver] * _WORKERS + others

    def _again(self, task: Callable[[Connection], None]) -> None:
        role: dict[object, str] = {
            self._refresh: "waybill_refresh",
            self._add: "waybill_refresh",
            self._batch: "api",
        }
        try:
            with self.cloud.database.connect(role.get(task, "waybill_admin")) as connection:
                while not self.over.is_set():
                    try:
                        task(connection)
                    except _BUSY:
                        self.figures.effects["asked to come back"] += 1
        except BaseException as error:
            self.errors.append(error)
            self.over.set()

    def _deliver(self, _connection: Connection) -> None:
        with self._lock:
            taken = self._take()
            fault = self._draw_fault()
        if isinstance(taken, Suspended):
            self.cloud.wake(taken, killed=fault is not None)
        elif taken:
            process = self.cloud.hand_over(*taken, fault)
            self.figures.effects["message delivered"] += 1
            if fault and process.dead:
                self.figures.faults["at once: killed"] += 1
            elif fault and not process.ended:
                self.figures.faults["at once: suspended"] += 1
        else:
            time.sleep(0.01)

    def _take(self) -> tuple[str, Message] | Suspended | None:
        """What is to be done next: a message of a queue, or an invocation that hangs."""
        if len(self.cloud.suspended) > _MOST_SUSPENDED:
            return self.cloud.suspended.pop(0)
        self.cloud.redrive()
        ready = [queue for queue in QUEUES if self.cloud.queues[queue]]
        if not ready:
            return self.cloud.suspended.pop(0) if self.cloud.suspended else None
        queue = self.chance.choice(ready)
        waiting = self.cloud.queues[queue]
        message = waiting.pop(self.chance.randrange(len(waiting)))
        if len(waiting) < _MOST_COPIED and self.chance.random() < _DOUBLED_SHARE:
            self.figures.faults["at once: message doubled"] += 1
            waiting.append(replace(message))
        elif self.chance.random() < _LOST_SHARE:
            self.figures.faults["at once: message lost"] += 1
            self.cloud.dead.append((queue, message))
            return None
        return queue, message

    def _draw_fault(self) -> Fault | None:
        drawn, call = self.chance.random(), self.chance.randrange(_CALLS)
        unseen = self.chance.random() < 0.5
        if drawn < _KILLED_SHARE:
            return Fault(call, unseen)
        if drawn < _KILLED_SHARE + _SUSPENDED_SHARE:
            return Fault(call, unseen, suspends=True)
        return None

    def _land(self, _connection: Connection) -> None:
        if sum(map(len, self.cloud.queues.values())) > _MOST_WAITING:
            time.sleep(0.02)
            return
        table = self.chance.choice(list(TABLES.values()))
        records = tuple(self._record(table) for _ in range(self.chance.randrange(30)))
        second, name = self.chance.randrange(60), f"{len(self.files)}.csv"
        body = body_of(table, records, header=True)
        key, version = self.cloud.land(table.name, name, body, second)
        self.files.append(File(table, second, key, version, read_of(records)))
        self.figures.files += 1
        self.figures.records += len(records)

    def _record(self, table: Table) -> tuple[str, ...]:
        return tuple(
            self.chance.choice(column.bad if column.bad and self.chance.random() < 0.03 else cells)
            for column in table.columns
            for cells in (column.cells,)
        )

    def _read(self, connection: Connection) -> None:
        connection.execute("SET ROLE waybill_owner")
        doubled = connection.execute(_DOUBLED).fetchone()
        assert doubled == (0,), "a natural key is there twice"
        connection.execute("SELECT count(*) FROM mv_hires_q")
        time.sleep(0.02)

    def _refresh(self, connection: Connection) -> None:
        with suppress(Busy):
            self.figures.effects["part refreshed"] += len(refresh_stale(connection, seconds=2))
        time.sleep(0.05)

    def _batch(self, connection: Connection) -> None:
        rows = tuple((str(self.chance.randrange(9)), "batch") for _ in range(3))
        given = [[n, {"n": row[0], "what": row[1]}, ",".join(row)] for n, row in enumerate(rows)]
        job = new_id()
        connection.execute(
            "SELECT waybill.merge_batch(%s, 'visits', %s, 'atomic', '[]')", (job, Jsonb(given))
        )
        self.files.append(File(TABLES["visits"], 99, f"batch/{job}", "", rows, is_batch=True))
        self.figures.effects["batch written"] += 1
        time.sleep(0.05)

    def _add(self, connection: Connection) -> None:
        connection.execute("SELECT waybill.premake_partitions(%s)", (self.chance.randrange(3),))
        time.sleep(0.1)

    @staticmethod
    def _assert_no_deadlock(admin: Connection) -> None:
        found = admin.execute(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        ).fetchone()
        assert found == (0,)


def overlap(database: Database, figures: Figures, seconds: float, chance: random.Random) -> None:
    """Everybody at once for so many seconds."""
    cloud = FakeCloud(database, pytest.MonkeyPatch())
    cloud.open(chunk_bytes=200)
    try:
        Overlap(cloud, figures, chance).go(seconds)
    finally:
        cloud.close()
