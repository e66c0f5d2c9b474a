"""One migration at a time."""

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import errors

from waybill.database.long_scripts import Deadline, MigrationRunningError
from waybill.database.queries import queries
from waybill.database.scripts import Connection

LOCK_SECONDS = 60.0
"""How long to wait for another migration where no deadline is given."""
_WAIT_SECONDS = 10.0


@contextmanager
def alone(connection: Connection, deadline: Deadline) -> Iterator[None]:
    """Hold the lock of the migrations, which a session keeps until its statement has ended.

    Raises:
        MigrationRunningError: another migration goes on after the deadline.
    """
    connection.execute("SET idle_in_transaction_session_timeout TO 0")
    while not _takes_lock(connection, deadline):
        if not deadline.left():
            raise MigrationRunningError("migration-running", "Another migration is running.")
    try:
        yield
    finally:
        if not connection.closed:
            queries("migrate").release_lock(connection)


def _takes_lock(connection: Connection, deadline: Deadline) -> bool:
    """Wait a moment for the lock; whether it is held."""
    wait = max(1, round(1000 * min(_WAIT_SECONDS, deadline.left())))
    connection.execute(f"SET lock_timeout TO {wait}".encode())
    try:
        queries("migrate").wait_for_lock(connection)
    except errors.LockNotAvailable:
        return False
    return True
