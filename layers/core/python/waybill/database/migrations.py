"""Brings a database to the state that `sql/` declares.

In this order: `migrations/` (numbered, once each), `routines/` (again when changed),
`datasets/` (once each, in an order that their references allow), `views/` (again when changed).
A migration is a transaction of its own, each of the other kinds one for all its files; what was
applied is recorded in it, so a run that is killed is continued by the next. All but `0001_*` run
as the owner role, so that it owns everything.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from psycopg import errors
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random,
)

from waybill import telemetry
from waybill.database.end_state import check_end_state
from waybill.database.ledger import Ledger
from waybill.database.queries import queries, sql_folder
from waybill.database.scripts import (
    Connection,
    Script,
    become_owner,
    explained,
    read_migrations,
    read_scripts,
    run,
)
from waybill.errors import Busy, Conflict, Transient

# A load holds its table's lock for as long as it merges; a migration that waited in line
# would hold up every reader behind it, so it gives up quickly and comes back.
_LOCK_TIMEOUT = "3s"
_TRIES = 8
_PAUSE_SECONDS = 2.0
_MISSING = (errors.UndefinedTable, errors.UndefinedFunction, errors.UndefinedObject)


Apply = Callable[[Connection, Script], None]


class Applied(NamedTuple):
    """A script that this run applied: `path` below `sql/`, and its checksum."""

    path: str
    sha256: str


def migrate(connection: psycopg.Connection[Any], folder: Path | None = None) -> list[Applied]:
    """Apply what `folder` (default: `sql/`) has and the database has not; return it in order.

    `connection` is the administrator's, outside a transaction; it is left in autocommit.

    Raises:
        Conflict: `migration-*` or `dataset-*`: the files and the database disagree, or a
            script failed; the detail names file and line.
        Busy, Unavailable: a lock stayed taken, or the server went away; what was applied so
            far stays applied.
    """
    connection.autocommit = True
    with _alone(connection):
        return list(_Run(connection, folder or sql_folder()).all())


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    connection.execute("SET lock_timeout TO '60s'; SET idle_in_transaction_session_timeout TO 0")
    try:
        queries("migrate").wait_for_lock(connection)
    except errors.LockNotAvailable as error:
        raise Busy("database-busy", "Another migration is running.") from error
    try:
        connection.execute(f"SET lock_timeout TO '{_LOCK_TIMEOUT}'".encode())
        yield
    finally:
        if not connection.broken:
            queries("migrate").release_lock(connection)


class _Run:
    def __init__(self, connection: Connection, folder: Path) -> None:
        self._connection = connection
        self._folder = folder
        self._ledger = Ledger(connection)

    def all(self) -> Iterator[Applied]:
        migrations = read_migrations(self._folder / "migrations")
        self._ledger.check(migrations)
        for script in migrations:
            if not self._ledger.entry(script):
                yield from self._together([script])
        yield from self._repeatable("routines")
        yield from self._datasets()
        yield from self._repeatable("views")

    def _repeatable(self, kind: str) -> Iterator[Applied]:
        """Apply the whole kind again when one of its files is due.

        All of them, since one may drop what others stand on (a type that changed), and in
        one transaction, so that nobody meets half of the new and half of the old.
        """
        scripts = read_scripts(self._folder / kind)
        for path in set(self._ledger.paths(kind)) - {script.path for script in scripts}:
            self._ledger.forget(path)
        # A migration, too, may have dropped what it had to rebuild.
        since = self._ledger.newest("migrations")
        entries = [self._ledger.entry(script) for script in scripts]
        if any(
            entry is None or entry.sha256 != script.sha256 or entry.run_order < since
            for script, entry in zip(scripts, entries, strict=True)
        ):
            yield from self._together(scripts)

    def _datasets(self) -> Iterator[Applied]:
        scripts = read_scripts(self._folder / "datasets")
        known = self._ledger.paths("datasets")
        registered = self._registered() if scripts or known else set()
        self._check_files(set(known) - {script.path for script in scripts}, registered)
        yield from self._together([script for script in scripts if script.name not in registered])
        for script in scripts:
            entry = self._ledger.entry(script)
            if script.name in registered and (entry is None or entry.sha256 != script.sha256):
                yield from self._together([script], do=check_end_state)
        missing = {script.name for script in scripts} - (self._registered() if scripts else set())
        if missing:
            detail = f"datasets/{min(missing)}.sql does not register a dataset of that name."
            raise Conflict("dataset-unregistered", detail)

    def _check_files(self, gone: set[str], registered: set[str]) -> None:
        for path in sorted(gone):
            if Path(path).stem in registered:
                detail = f"{path} is gone, but the dataset is still registered; write a migration."
                raise Conflict("dataset-missing", detail)
            self._ledger.forget(path)

    def _registered(self) -> set[str]:
        with self._connection.transaction():
            become_owner(self._connection)
            return {name for (name,) in queries("migrate").dataset_names(self._connection)}

    def _together(self, scripts: list[Script], do: Apply = run) -> list[Applied]:
        """Apply scripts in one transaction, again from its start while a lock is taken."""
        retrying = Retrying(
            retry=retry_if_exception_type((Busy, Transient)),
            wait=wait_random(0, _PAUSE_SECONDS),
            stop=stop_after_attempt(_TRIES),
            before_sleep=self._start_over,
            reraise=True,
        )
        return retrying(self._in_transaction, scripts, do)

    def _in_transaction(self, scripts: list[Script], do: Apply) -> list[Applied]:
        with self._connection.transaction():
            return self._settle(scripts, do)

    def _start_over(self, state: RetryCallState) -> None:
        # What was recorded in the transaction is rolled back.
        self._ledger.read()
        telemetry.action("migration.postponed", tries=state.attempt_number)

    def _settle(self, scripts: list[Script], do: Apply) -> list[Applied]:
        """Apply scripts whose order is not known: one that misses another waits for it."""
        applied: list[Applied] = []
        while scripts:
            waiting: dict[Script, psycopg.Error] = {}
            for script in scripts:
                try:
                    with self._connection.transaction():
                        do(self._connection, script)
                        self._ledger.record(script)
                    applied.append(Applied(script.path, script.sha256))
                    telemetry.action("script.applied", script=script.path)
                except _MISSING as error:
                    waiting[script] = error
                except psycopg.Error as error:
                    raise explained(script, error) from error
            if len(waiting) == len(scripts):
                raise explained(scripts[0], waiting[scripts[0]]) from waiting[scripts[0]]
            scripts = list(waiting)
        return applied
