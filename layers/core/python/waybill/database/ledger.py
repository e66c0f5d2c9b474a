"""The ledger of applied scripts: what this database already has, and since when."""

from typing import Any, NamedTuple

from waybill.database.queries import queries
from waybill.database.scripts import Connection, Script
from waybill.errors import Conflict


class Entry(NamedTuple):
    """A script that was applied: its checksum, and its place in the order of applications."""

    sha256: str
    run_order: int


class Ledger:
    """Table `waybill_migrations`, read once and kept in step with what is recorded."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._queries: Any = queries("migrate")
        self._queries.create_ledger(connection)
        self._entries: dict[str, Entry] = {}
        self.read()

    def read(self) -> None:
        """Read the table again, after a transaction that was undone."""
        rows = self._queries.read_ledger(self._connection)
        self._entries = {path: Entry(sha256, order) for path, sha256, order in rows}

    def entry(self, script: Script) -> Entry | None:
        """The entry of a script, by its path; None if it was never applied."""
        return self._entries.get(script.path)

    def paths(self, folder: str) -> list[str]:
        """The paths of one folder, e.g. `migrations`, in the order they were applied."""
        return [path for path in self._entries if path.startswith(f"{folder}/")]

    def newest(self, folder: str) -> int:
        """The place of the folder's last application; 0 if there was none."""
        return max((self._entries[path].run_order for path in self.paths(folder)), default=0)

    def record(self, script: Script) -> None:
        """Note a script as applied, in the open transaction."""
        self._queries.record(self._connection, path=script.path, sha256=script.sha256)
        self.read()

    def forget(self, path: str) -> None:
        """Remove the entry of a script whose file is gone."""
        self._queries.forget(self._connection, path=path)
        self._entries.pop(path, None)

    def check(self, migrations: list[Script]) -> None:
        """Hold the files against what was applied.

        Raises:
            Conflict: `migration-changed`, `migration-missing` or `migration-out-of-order`.
        """
        applied = self.paths("migrations")
        present = {script.path: script for script in migrations}
        for path in applied:
            if path not in present:
                detail = f"{path} was applied to this database, but its file is gone."
                raise Conflict("migration-missing", detail)
            if present[path].sha256 != self._entries[path].sha256:
                detail = f"{path} was changed after it was applied; write a new migration instead."
                raise Conflict("migration-changed", detail)
        for script in migrations:
            if applied and script.path < max(applied) and script.path not in applied:
                detail = f"{script.path} comes before {max(applied)}, which was applied already."
                raise Conflict("migration-out-of-order", detail)
