"""The SQL files that define the database: read, checksummed and applied."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, Self

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus

from waybill.errors import Conflict

Connection = psycopg.Connection[Any]

OWNER = "waybill_owner"
ROLES = "roles.sql"
# The roles themselves, and what only the administrator may grant.
_AS_ADMIN = re.compile(r"migrations/(0001_.*|.*_as_admin)\.sql|" + re.escape(ROLES))
_LONG_RUNNING = b"-- long-running"
_NUMBERED = re.compile(r"\d{4}_[a-z0-9_]+\.sql")


class Script(NamedTuple):
    """One SQL file: its path below `sql/`, its text, and its checksum."""

    path: str
    text: bytes
    sha256: str

    @classmethod
    def read(cls, folder: Path, file: Path) -> Self:
        """The script in `file`, which is somewhere below `folder`."""
        text = file.read_bytes()
        return cls(file.relative_to(folder).as_posix(), text, hashlib.sha256(text).hexdigest())

    @property
    def name(self) -> str:
        """The file's name without its suffix."""
        return Path(self.path).stem

    @property
    def is_long_running(self) -> bool:
        """Whether its first line says that it may outlast a call of the function `migrate`."""
        return self.text.partition(b"\n")[0].strip() == _LONG_RUNNING

    @property
    def runs_as_admin(self) -> bool:
        """Whether the administrator runs it, and not the role that owns everything."""
        return bool(_AS_ADMIN.fullmatch(self.path))


class DatasetScripts(NamedTuple):
    """A dataset: `datasets/<name>.sql`, and its migrations in `datasets/<name>/`.

    Without `declaration`, only the migrations are left of a dataset that was removed.
    """

    name: str
    declaration: Script | None
    migrations: tuple[Script, ...]


class SqlTree(NamedTuple):
    """All scripts of a release, each kind in the order of its names."""

    migrations: tuple[Script, ...]
    routines: tuple[Script, ...]
    datasets: tuple[DatasetScripts, ...]
    views: tuple[Script, ...]
    roles: Script | None
    """What each function may do."""

    def once(self) -> Iterator[Script]:
        """The scripts that are applied once: migrations and datasets."""
        yield from self.migrations
        for dataset in self.datasets:
            yield from dataset.migrations
            if dataset.declaration:
                yield dataset.declaration

    def fingerprint(self) -> str:
        """Identifies the state that the scripts of `once()` define, as a SHA-256 in hex."""
        lines = sorted(f"{script.path} {script.sha256}\n" for script in self.once())
        return hashlib.sha256("".join(lines).encode()).hexdigest()


def read_tree(folder: Path) -> SqlTree:
    """The scripts in `folder`.

    Raises:
        Conflict: `migration-misnamed`, a name is not `NNNN_name.sql` or a number occurs twice.
    """
    declarations = {file.stem: Script.read(folder, file) for file in _files(folder / "datasets")}
    with_migrations = {path.parent.name for path in folder.glob("datasets/*/*.sql")}
    datasets = (
        DatasetScripts(
            name,
            declarations.get(name),
            tuple(_numbered(folder, folder / "datasets" / name)),
        )
        for name in sorted(declarations.keys() | with_migrations)
    )
    return SqlTree(
        tuple(_numbered(folder, folder / "migrations")),
        tuple(Script.read(folder, file) for file in _files(folder / "routines")),
        tuple(datasets),
        tuple(Script.read(folder, file) for file in _files(folder / "views")),
        Script.read(folder, folder / ROLES) if (folder / ROLES).exists() else None,
    )


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.sql"))


def _numbered(root: Path, folder: Path) -> Iterable[Script]:
    files = _files(folder)
    numbers = [file.name[:4] for file in files]
    for file in files:
        if not _NUMBERED.fullmatch(file.name) or numbers.count(file.name[:4]) > 1:
            detail = f"{file.relative_to(root)}: name it NNNN_name.sql, each number once."
            raise Conflict("migration-misnamed", detail)
    return [Script.read(root, file) for file in files]


def become_owner(connection: Connection) -> None:
    """For the rest of the transaction, act as the role that owns everything."""
    connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(OWNER)))


class ScriptError(Exception):
    """The server refused a script."""

    def __init__(self, script: Script, error: psycopg.Error) -> None:
        super().__init__(script.path, str(error))
        self.script = script
        self.error = error


def run(connection: Connection, script: Script, search_path: str = "public") -> None:
    """Execute a script in the open transaction, and return to the connection's own role.

    Raises:
        ScriptError: the server refused it.
        Conflict: `migration-refused`, the script ended the transaction that it runs in.
    """
    # Unqualified names mean the same whoever applies the file, and a routine may call one
    # whose file has a later name.
    connection.execute(
        f"SET LOCAL search_path TO {search_path}; SET LOCAL check_function_bodies TO off".encode()
    )
    if not script.runs_as_admin:
        become_owner(connection)
    try:
        connection.execute(script.text)
    except psycopg.Error as error:
        raise ScriptError(script, error) from error
    if connection.info.transaction_status != TransactionStatus.INTRANS:
        detail = f"{script.path}: the script must not begin or end a transaction."
        raise Conflict("migration-refused", detail)
    connection.execute("SET LOCAL ROLE NONE")
