"""Run a call beside an open transaction, up to the point where it waits for it."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from tests.postgres.databases import Connection, Database

T = TypeVar("T")
_WAITING = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND (wait_event_type = 'Lock' OR wait_event = %s)"
)
_PATIENCE_SECONDS = 120.0


@contextmanager
def transaction_of(database: Database, role: str) -> Iterator[Connection]:
    """A connection of its own with an open transaction; rolled back unless it is committed."""
    with database.connect(role, autocommit=False) as connection:
        yield connection


@contextmanager
def running(call: Callable[[], T]) -> Iterator[Future[T]]:
    """The call in a thread of its own."""
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(call)


def waits(database: Database, call: Future[Any], event: str = "") -> bool:
    """Whether the call waits for a lock, rather than having ended without waiting."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    with database.connect() as admin:
        while not call.done():
            if admin.execute(_WAITING, (event,)).fetchone() != (0,):
                return True
            if time.monotonic() > deadline:
                raise TimeoutError("the call neither waits nor ends")
            time.sleep(0.005)
    return False


def sleeps(database: Database, call: Future[Any]) -> bool:
    """Whether the call waits for a snapshot to go, looking again and again."""
    return waits(database, call, "PgSleep")
