"""Migrations that may take longer than the function that starts them.

The whole transaction is sent to the server in one message, the entry in the ledger included. So
the server goes on to the commit when nobody waits for it any more. Its session holds the lock of
the migrations until then, and the next run waits for that.
"""

import select
import time
from collections.abc import Callable
from datetime import datetime

from psycopg import ClientCursor, errors
from psycopg.pq import ExecStatus

from waybill import telemetry
from waybill.database.ledger import Ledger
from waybill.database.queries import queries, query_text
from waybill.database.script_errors import explain
from waybill.database.script_transactions import Applied, while_locked
from waybill.database.scripts import Connection, Script, ScriptError, become_owner
from waybill.errors import Conflict, Retryable

_POLL_SECONDS = 1.0


class MigrationRunningError(Retryable):
    """A migration goes on in the server; another run waits for it."""


class Deadline:
    """When to stop waiting: `seconds` from now by `clock`; None for never."""

    def __init__(
        self, seconds: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._end = None if seconds is None else clock() + seconds

    def left(self) -> float:
        """Seconds left; infinite without a limit."""
        return float("inf") if self._end is None else max(0.0, self._end - self._clock())


class LongScripts:
    """Long-running migrations of a connection in autocommit mode."""

    def __init__(self, connection: Connection, ledger: Ledger, deadline: Deadline) -> None:
        self._connection = connection
        self._ledger = ledger
        self._deadline = deadline

    def apply(self, script: Script) -> list[Applied]:
        """Run `script` in a transaction of its own, and record it.

        Raises:
            MigrationRunningError: it goes on when the deadline passed; the connection is closed.
            Conflict: `migration-failed`, now, or in an earlier run that did not wait for its end.
            Busy: a lock stayed taken.
        """
        q = queries("migrate")
        started: datetime | None = q.started_at(self._connection, path=script.path)
        if started:
            # Its session has ended, since the lock is ours.
            q.end_start(self._connection, path=script.path)
            raise Conflict(
                "migration-failed",
                f"{script.path}: it was begun at {started:%Y-%m-%d %H:%M:%S} UTC and failed after"
                " the function had stopped waiting; the server's log has the error.",
            )
        q.start(self._connection, path=script.path)
        q.outlast_client(self._connection)
        try:
            while_locked()(self._run, script)
        finally:
            if not self._connection.closed:
                q.respect_client(self._connection)
                q.end_start(self._connection, path=script.path)
        self._ledger.read()
        telemetry.action("script.applied", script=script.path)
        return [Applied(script.path, script.sha256)]

    def _run(self, script: Script) -> None:
        connection = self._connection
        connection.execute("BEGIN; SET LOCAL search_path TO public")
        if not script.runs_as_admin:
            become_owner(connection)
        try:
            send_and_wait(connection, script.text + self._ending(script), self._deadline)
        except errors.Error as error:
            connection.rollback()
            raise explain(ScriptError(script, error)) from error

    def _ending(self, script: Script) -> bytes:
        """What follows the script in its message, up to the commit."""
        with ClientCursor(self._connection) as cursor:
            entry = {"path": script.path, "sha256": script.sha256}
            records = [
                cursor.mogrify(query_text(f"migrate.{name}"), entry)
                for name in ("record", "end_start")
            ]
        return "\n;".join(["", "SET LOCAL ROLE NONE", *records, "COMMIT"]).encode()


def send_and_wait(connection: Connection, text: bytes, deadline: Deadline) -> None:
    """Send statements, and wait for their end until the deadline.

    Raises:
        MigrationRunningError: they go on, in the session of the connection, which is closed here.
        psycopg.Error: the server refused one.
    """
    server = connection.pgconn
    server.send_query(text)
    while server.flush():
        select.select([], [server.socket], [], _POLL_SECONDS)
    failure: errors.Error | None = None
    while True:
        server.consume_input()
        while not server.is_busy():
            result = server.get_result()
            if result is None:
                if failure:
                    raise failure
                return
            if result.status == ExecStatus.FATAL_ERROR:
                failure = errors.error_from_result(result)
        if not deadline.left():
            # Only the client leaves.
            connection.close()
            raise MigrationRunningError("migration-running", "A migration goes on in the server.")
        select.select([server.socket], [], [], min(_POLL_SECONDS, deadline.left()))
