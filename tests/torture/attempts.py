"""Attempts that are killed at a call, and two live attempts at one message, by construction.

Every call to PostgreSQL or AWS of an attempt is a place to kill or to hold it, before the call or
after it took effect; all of them are tried in turn. Of two live attempts the first is held at a
call; its message is visible again meanwhile, so a second worker takes it, and only then does the
first go on. A merge is one call, so it is also held inside of it, by a lock on its table.
"""

import itertools
import random
import threading
import time
from dataclasses import replace
from typing import Final

from psycopg import sql

from tests.postgres.databases import Connection, Database
from tests.stateful.fake_cloud import FakeCloud
from tests.stateful.faults import Fault
from tests.torture.figures import Figures
from tests.torture.loads import Load, load_into

_RECORDS: Final = 60
_CHUNK_BYTES: Final = 200
_MERGES_HELD: Final = 6
_FILES_AT_ONCE: Final = 5
_KILLED_SHARE: Final = 0.75
_CALLS: Final = 16
_PATIENCE_SECONDS: Final = 1.5
STEPS: Final = {"landed": "plan", "chunks": "load", "merges": "merge"}
_REFUSALS: Final = {"plan": "plan-superseded", "load": "database-busy", "merge": "database-busy"}


def overlap_attempts(database: Database, figures: Figures, queue: str) -> None:
    """Hold an attempt at a message of `queue` at every call in turn, while a second one runs.

    Counts the overlaps, and how often an attempt was refused since another was live.

    Raises:
        AssertionError: both attempts took effect.
    """
    with load_into(database, figures, chunk_bytes=_CHUNK_BYTES) as load:
        before = _refusals(database, STEPS[queue])
        for call in itertools.count():
            held = [_overlap(load, figures, queue, call, unseen) for unseen in (False, True)]
            if not any(held):
                break
        if queue == "merges":
            for _ in range(_MERGES_HELD):
                _overlap_inside_merge(load, figures)
        figures.effects[f"{STEPS[queue]}: attempt refused, another is live"] += (
            _refusals(database, STEPS[queue]) - before
        )


def kill_attempts(database: Database, figures: Figures, queue: str) -> None:
    """Kill an attempt at a message of `queue` at every call in turn, and the second one as well."""
    with load_into(database, figures, chunk_bytes=_CHUNK_BYTES) as load:
        for call in itertools.count():
            killed = [_kill(load, queue, call, unseen) for unseen in (False, True)]
            figures.faults[f"{STEPS[queue]}: attempt killed at a call"] += sum(killed)
            if not any(killed):
                break


def kill_most_attempts(
    database: Database, figures: Figures, kills: int, chance: random.Random
) -> None:
    """Kill three of four attempts at messages of several files, each at a random call."""
    with load_into(database, figures, chunk_bytes=_CHUNK_BYTES) as load:
        queues = load.cloud.queues
        killed = 0
        while killed < kills:
            for _ in range(_FILES_AT_ONCE):
                load.land(_RECORDS)
            while ready := [queue for queue in STEPS if queues[queue]]:
                queue = chance.choice(ready)
                fault = Fault(chance.randrange(_CALLS), chance.random() < 0.5)
                drawn = fault if chance.random() < _KILLED_SHARE else None
                place = chance.randrange(len(queues[queue]))
                died = load.cloud.deliver(queue, place, drawn).dead
                figures.faults[f"{STEPS[queue]}: attempt killed at random"] += died
                killed += died
            load.settle()


def _kill(load: Load, queue: str, call: int, unseen: bool) -> int:
    """One file, with two attempts killed at the call; how many came that far."""
    load.land(_RECORDS)
    _advance(load.cloud, queue)
    killed = 0
    for _ in range(2):
        if load.cloud.queues[queue]:
            killed += load.cloud.deliver(queue, -1, Fault(call, unseen)).dead
    load.settle()
    return killed


def _overlap(load: Load, figures: Figures, queue: str, call: int, unseen: bool) -> bool:
    """One file, with one attempt held at the call; whether there was such a call."""
    cloud = load.cloud
    load.land(_RECORDS)
    _advance(cloud, queue)
    cloud.deliver(queue, 0, Fault(call, unseen, suspends=True))
    held = bool(cloud.suspended)
    if held:
        figures.faults[f"{STEPS[queue]}: two live attempts"] += 1
        # The message that became visible again is the last of its queue.
        cloud.deliver(queue, len(cloud.queues[queue]) - 1)
        for suspended in list(cloud.suspended):
            cloud.resume(suspended, killed=False)
        _assert_staged_once(cloud.database)
    load.settle()
    return held


def _overlap_inside_merge(load: Load, figures: Figures) -> None:
    """One file whose merge is held in the middle of its call, with its locks."""
    cloud = load.cloud
    load.land(_RECORDS)
    _advance(cloud, "merges")
    cloud.queues["merges"].append(replace(cloud.queues["merges"][0]))
    first = threading.Thread(target=cloud.deliver, args=("merges", 0))
    with cloud.database.connect() as gate:
        gate.execute("SET ROLE waybill_owner")
        with gate.transaction():
            gate.execute("LOCK TABLE visits IN SHARE MODE")
            first.start()
            if _is_awaited(gate):
                figures.faults["merge: two live attempts"] += 1
                cloud.deliver("merges", 0)
        first.join()
    load.settle()


def _is_awaited(gate: Connection) -> bool:
    """Whether somebody waits for a lock, within a merge's patience."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        waits = gate.execute(
            "SELECT count(*) FROM pg_locks WHERE relation = 'visits'::regclass AND NOT granted"
        ).fetchone()
        if waits != (0,):
            return True
        time.sleep(0.01)
    return False


def _advance(cloud: FakeCloud, queue: str) -> None:
    """Deliver what comes before the first message of `queue`."""
    for earlier in itertools.takewhile(lambda name: name != queue, STEPS):
        while cloud.queues[earlier]:
            cloud.deliver(earlier, 0)


def _assert_staged_once(database: Database) -> None:
    """What is staged of a chunk is there once, before a merge looks at it.

    A merge that finds a chunk staged twice stages it again, so nothing would be seen later.
    """
    with database.connect() as admin:
        admin.execute("SET ROLE waybill_owner")
        for table, job in admin.execute(
            "SELECT c.relname, substr(c.relname, 3)::uuid FROM pg_class AS c"
            " WHERE c.relkind = 'r' AND c.relnamespace = 'staging'::regnamespace"
        ).fetchall():
            staged = admin.execute(
                sql.SQL("SELECT _waybill_chunk, count(*) FROM staging.{} GROUP BY 1").format(
                    sql.Identifier(table)
                )
            ).fetchall()
            planned = admin.execute(
                "SELECT chunk, staged FROM waybill.chunks WHERE job_id = %s AND done", [job]
            ).fetchall()
            assert dict(staged) == {chunk: n for chunk, n in planned if n}, "staged twice"


def _refusals(database: Database, step: str) -> int:
    with database.connect() as admin:
        admin.execute("SET ROLE waybill_owner")
        row = admin.execute(
            "SELECT count(*) FROM waybill.job_runs WHERE step = %s AND error ->> 'type' = %s",
            (step, _REFUSALS[step]),
        ).fetchone()
    return int(row[0]) if row else 0
