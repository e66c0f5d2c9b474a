"""The ledger of applied scripts and releases: what this database already has."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from waybill.database.queries import queries
from waybill.database.scripts import Connection, Script
from waybill.errors import Conflict


class Entry(NamedTuple):
    """An applied script: its checksum, and its place in the order of applications."""

    sha256: str
    run_order: int


class Ledger:
    """The tables `waybill_migrations`, read once and kept in step, and `waybill_releases`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._queries: Any = queries("migrate")
        self._queries.create_ledger(connection)
        self._entries: dict[str, Entry] = {}
        self.read()

    def read(self) -> None:
        """Read the table again, after a transaction that was rolled back."""
        rows = self._queries.read_ledger(self._connection)
        self._entries = {path: Entry(sha256, order) for path, sha256, order in rows}

    def entry(self, script: Script) -> Entry | None:
        """The entry of a script, by its path; None if it was never applied."""
        return self._entries.get(script.path)

    def is_current(self, script: Script) -> bool:
        """Whether the script was applied as it is now."""
        entry = self.entry(script)
        return entry is not None and entry.sha256 == script.sha256

    def paths(self, folder: str) -> list[str]:
        """The paths directly in a folder, e.g. `migrations`, in the order they were applied."""
        return [path for path in self._entries if path.rpartition("/")[0] == folder]

    def newest(self, paths: Sequence[str]) -> int:
        """The place of the last application of these paths; 0 if there was none."""
        return max((self._entries[path].run_order for path in paths), default=0)

    def dataset_migrations(self) -> list[str]:
        """The paths of the migrations of all datasets."""
        return [path for path in self._entries if path.count("/") > 1]

    def record(self, script: Script) -> None:
        """Record a script as applied, in the open transaction."""
        self._queries.record(self._connection, path=script.path, sha256=script.sha256)
        self.read()

    def forget(self, path: str) -> None:
        """Remove the entry of a script whose file was deleted."""
        self._queries.forget(self._connection, path=path)
        self._entries.pop(path, None)

    def has_release(self, fingerprint: str) -> bool:
        """Whether this release was applied completely, now or at any time before."""
        return bool(self._queries.has_release(self._connection, fingerprint=fingerprint))

    def record_release(self, fingerprint: str) -> None:
        """Record that everything of a release is applied."""
        self._queries.record_release(self._connection, fingerprint=fingerprint)

    def unapplied(self, folder: str, migrations: Sequence[Script]) -> list[Script]:
        """Those of the folder's migrations that are to be applied.

        Raises:
            Conflict: `migration-changed`, `migration-missing` or `migration-out-of-order`.
        """
        applied = self.paths(folder)
        present = {script.path: script for script in migrations}
        for path in applied:
            if path not in present:
                detail = f"{path} was applied to this database, but its file is missing."
                raise Conflict("migration-missing", detail)
            if not self.is_current(present[path]):
                detail = f"{path} was changed after it was applied; write a new migration instead."
                raise Conflict("migration-changed", detail)
        unapplied = [script for script in migrations if script.path not in applied]
        for script in unapplied:
            if applied and script.path < max(applied):
                detail = f"{script.path} comes before {max(applied)}, which was already applied."
                raise Conflict("migration-out-of-order", detail)
        return unapplied
