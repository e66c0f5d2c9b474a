"""Brings a database to the state that `sql/` declares.

In this order: `migrations/` (numbered, once each), `routines/` (again when changed),
`datasets/` (each once, in an order that their references allow, and then their migrations),
`views/` (again when changed), `roles.sql` (always). A migration is a transaction of its own; so
are all new datasets, all changed datasets, all routines, and all views together. What was applied
is recorded in the same transaction, so the next run continues where one was killed. All but
`migrations/0001_*`, `migrations/*_as_admin.sql` and `roles.sql` run as the owner role, so that it
owns everything.

A migration whose first line is `-- long-running` may take longer than the caller waits: it goes on
in the server, and the next run waits for its end (`waybill.database.long_scripts`).

A release that was applied completely before, and now meets a database with newer migrations, is
a roll-back: its routines and views are restored, the newer tables stay.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg

from waybill import telemetry
from waybill.database.dataset_scripts import create_dataset, registered_datasets, update_dataset
from waybill.database.ledger import Ledger
from waybill.database.long_scripts import Deadline, LongScripts
from waybill.database.migration_lock import LOCK_SECONDS, alone
from waybill.database.queries import sql_folder
from waybill.database.script_transactions import Applied, ScriptTransactions, Step
from waybill.database.scripts import Connection, DatasetScripts, Script, read_tree, run
from waybill.errors import Conflict

# A load holds its table's lock for as long as it merges; a migration that waited in line
# would block every reader behind it, so it gives up quickly and tries again.
_LOCK_TIMEOUT = "3s"


def migrate(
    connection: psycopg.Connection[Any],
    folder: Path | None = None,
    deadline: Deadline | None = None,
) -> list[Applied]:
    """Apply what `folder` (default: `sql/`) has and the database has not; return it in order.

    `connection` is the administrator's, outside a transaction; it is left in autocommit, or
    closed if a migration goes on.

    Raises:
        MigrationRunningError: a migration goes on after the `deadline`; call again.
        Conflict: `migration-*` or `dataset-*`: the files and the database disagree, or a
            script failed; the detail names file and line.
        Busy, Unavailable: a lock stayed taken, or the server went away; what was applied so
            far stays applied.
    """
    connection.autocommit = True
    until = deadline or Deadline()
    with alone(connection, deadline or Deadline(LOCK_SECONDS)):
        connection.execute(f"SET lock_timeout TO '{_LOCK_TIMEOUT}'".encode())
        return list(_Run(connection, folder or sql_folder(), until).all())


def is_rolled_back_to(connection: psycopg.Connection[Any], folder: Path | None = None) -> bool:
    """Whether the database is as `folder` (default: `sql/`) left it, but for a newer migration.

    A newer release's migration may go on when its deployment is rolled back. Nothing of that
    release is there before it ends: routines and views come after the migrations.
    """
    return _Run(connection, folder or sql_folder(), Deadline()).is_current()


class _Run:
    def __init__(self, connection: Connection, folder: Path, deadline: Deadline) -> None:
        self._connection = connection
        self._tree = read_tree(folder)
        self._ledger = Ledger(connection)
        self._scripts = ScriptTransactions(connection, self._ledger)
        self._long = LongScripts(connection, self._ledger, deadline)

    def is_current(self) -> bool:
        scripts = (*self._tree.routines, *self._tree.views)
        return self._ledger.has_release(self._tree.fingerprint()) and all(
            self._ledger.is_current(script) for script in scripts
        )

    def all(self) -> Iterator[Applied]:
        fingerprint = self._tree.fingerprint()
        if self._ledger.has_release(fingerprint):
            self._report_newer()
            yield from self._routines()
            yield from self._views()
            yield from self._roles()
            return
        for script in self._ledger.unapplied("migrations", self._tree.migrations):
            yield from self._once(script)
        yield from self._routines()
        yield from self._datasets()
        yield from self._views()
        yield from self._roles()
        self._ledger.record_release(fingerprint)

    def _once(self, script: Script) -> list[Applied]:
        if script.is_long_running:
            return self._long.apply(script)
        return self._scripts.apply([self._step(script)])

    def _report_newer(self) -> None:
        once = {script.path for script in self._tree.once()}
        folders = {path.rpartition("/")[0] for path in once}
        newer = sorted({path for one in folders for path in self._ledger.paths(one)} - once)
        if newer:
            telemetry.action("release.rolled_back", level="warning", newer=newer)

    def _routines(self) -> Iterator[Applied]:
        # A migration may have dropped what it had to rebuild.
        since = self._ledger.newest(self._ledger.paths("migrations"))
        yield from self._repeatable("routines", self._tree.routines, since)

    def _views(self) -> Iterator[Applied]:
        migrations = self._ledger.paths("migrations") + self._ledger.dataset_migrations()
        yield from self._repeatable("views", self._tree.views, self._ledger.newest(migrations))

    def _roles(self) -> Iterator[Applied]:
        """Apply the roles, whose routine writes only what differs from the database."""
        script = self._tree.roles
        if script:
            yield from self._scripts.apply([self._roles_step(script)])

    def _roles_step(self, script: Script) -> Step:
        def apply() -> Iterator[Script]:
            run(self._connection, script)
            if not self._ledger.is_current(script):
                self._ledger.record(script)
                yield script

        return apply

    def _repeatable(self, folder: str, scripts: Sequence[Script], since: int) -> Iterator[Applied]:
        """Apply the whole kind again when one of its files is due, or was removed.

        All of them, since one may drop or replace what others define, and in one transaction,
        so that nobody sees a mixture of old and new.
        """
        removed = set(self._ledger.paths(folder)) - {script.path for script in scripts}
        for path in removed:
            self._ledger.forget(path)
        entries = [self._ledger.entry(script) for script in scripts]
        if removed or any(
            entry is None or entry.sha256 != script.sha256 or entry.run_order < since
            for script, entry in zip(scripts, entries, strict=True)
        ):
            yield from self._scripts.apply([self._step(script) for script in scripts])

    def _datasets(self) -> Iterator[Applied]:
        registered = registered_datasets(self._connection) if self._has_datasets() else set()
        self._forget_removed(registered)
        new = [
            dataset
            for dataset in self._tree.datasets
            if dataset.declaration and dataset.name not in registered
        ]
        yield from self._scripts.apply([self._creation(dataset) for dataset in new])
        changed = [
            dataset
            for dataset in self._tree.datasets
            if dataset.name in registered and not self._is_current(dataset)
        ]
        for dataset in changed:
            yield from self._up_to_long_running(dataset)
        yield from self._scripts.apply([self._update(dataset) for dataset in changed])

    def _up_to_long_running(self, dataset: DatasetScripts) -> Iterator[Applied]:
        """Apply a dataset's migrations up to the last long-running one, each by itself."""
        due = self._ledger.unapplied(f"datasets/{dataset.name}", dataset.migrations)
        while due and any(script.is_long_running for script in due):
            yield from self._once(due.pop(0))

    def _has_datasets(self) -> bool:
        return bool(self._tree.datasets or self._ledger.paths("datasets"))

    def _is_current(self, dataset: DatasetScripts) -> bool:
        folder = f"datasets/{dataset.name}"
        return (
            dataset.declaration is not None
            and self._ledger.is_current(dataset.declaration)
            and not self._ledger.unapplied(folder, dataset.migrations)
        )

    def _forget_removed(self, registered: set[str]) -> None:
        names = {dataset.name for dataset in self._tree.datasets}
        for path in self._ledger.paths("datasets"):
            name = Path(path).stem
            if name in names:
                continue
            if name in registered:
                detail = f"{path} is missing, but its dataset is registered; write a migration."
                raise Conflict("dataset-missing", detail)
            self._ledger.forget(path)

    def _step(self, script: Script) -> Step:
        def apply() -> Iterator[Script]:
            run(self._connection, script)
            self._ledger.record(script)
            yield script

        return apply

    def _creation(self, dataset: DatasetScripts) -> Step:
        return lambda: create_dataset(self._connection, self._ledger, dataset)

    def _update(self, dataset: DatasetScripts) -> Step:
        return lambda: update_dataset(self._connection, self._ledger, dataset)
