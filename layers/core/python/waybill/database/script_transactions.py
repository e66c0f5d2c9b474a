"""Applies scripts in one transaction, in an order that their references allow."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from psycopg import errors
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random,
)

from waybill import telemetry
from waybill.database.ledger import Ledger
from waybill.database.script_errors import explain
from waybill.database.scripts import Connection, Script, ScriptError
from waybill.errors import Busy, Transient

_TRIES = 8
_PAUSE_SECONDS = 2.0
_MISSING = (errors.UndefinedTable, errors.UndefinedFunction, errors.UndefinedObject)


class Applied(NamedTuple):
    """A script that this run applied: `path` below `sql/`, and its checksum."""

    path: str
    sha256: str


Step = Callable[[], Iterator[Script]]
"""Applies scripts in the open transaction, and gives each that it applied."""


class ScriptTransactions:
    """Transactions of a connection in autocommit mode, whose scripts a ledger records."""

    def __init__(self, connection: Connection, ledger: Ledger) -> None:
        self._connection = connection
        self._ledger = ledger

    def apply(self, steps: Sequence[Step]) -> list[Applied]:
        """Run `steps` in one transaction, which is tried again while a lock is taken.

        Raises:
            Conflict: a script failed; the detail names file and line.
            Busy, Unavailable: a lock stayed taken, or the server went away.
        """
        return while_locked()(self._in_transaction, steps)

    def _in_transaction(self, steps: Sequence[Step]) -> list[Applied]:
        try:
            with self._connection.transaction():
                return self._in_any_order(steps)
        except BaseException:
            # What was recorded in the transaction is rolled back.
            if not self._connection.broken:
                self._ledger.read()
            raise

    def _in_any_order(self, steps: Sequence[Step]) -> list[Applied]:
        """Run steps of unknown order: one that lacks another's object is run again after it."""
        applied: list[Applied] = []
        while steps:
            waiting: list[tuple[Step, ScriptError]] = []
            for step in steps:
                try:
                    with self._connection.transaction():
                        applied += [Applied(script.path, script.sha256) for script in step()]
                except ScriptError as failed:
                    if not isinstance(failed.error, _MISSING):
                        raise explain(failed) from failed.error
                    waiting.append((step, failed))
                    self._ledger.read()
            if len(waiting) == len(steps):
                raise explain(waiting[0][1]) from waiting[0][1].error
            steps = [step for step, _ in waiting]
        for script in applied:
            telemetry.action("script.applied", script=script.path)
        return applied


def while_locked() -> Retrying:
    """Tries again while a lock is taken, with pauses, some times."""
    return Retrying(
        retry=retry_if_exception_type((Busy, Transient)),
        wait=wait_random(0, _PAUSE_SECONDS),
        stop=stop_after_attempt(_TRIES),
        before_sleep=_log_postponed,
        reraise=True,
    )


def _log_postponed(state: RetryCallState) -> None:
    telemetry.action("migration.postponed", tries=state.attempt_number)
