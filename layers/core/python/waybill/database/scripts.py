"""The SQL files that make the database: found, checksummed, and applied with a clear error."""

import hashlib
import re
from pathlib import Path
from typing import Any, NamedTuple, Self

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus

from waybill.database.errors import classify_error
from waybill.errors import Busy, Conflict, Transient, Unavailable, WaybillError

Connection = psycopg.Connection[Any]

OWNER = "waybill_owner"
# The roles themselves, and what only the administrator may grant.
_AS_ADMIN = "migrations/0001_"
_NUMBERED = re.compile(r"\d{4}_[a-z0-9_]+\.sql")


class Script(NamedTuple):
    """One SQL file: its path below `sql/`, its text, and the checksum it is known by."""

    path: str
    text: bytes
    sha256: str

    @classmethod
    def read(cls, file: Path) -> Self:
        """The script in `file`; its path is kept with its folder's name only."""
        text = file.read_bytes()
        return cls(f"{file.parent.name}/{file.name}", text, hashlib.sha256(text).hexdigest())

    @property
    def name(self) -> str:
        """The file's name without its ending; of a dataset's file, the dataset."""
        return Path(self.path).stem


def read_scripts(folder: Path) -> list[Script]:
    """The scripts of one folder in name order; none when there is no such folder."""
    return [Script.read(file) for file in sorted(folder.glob("*.sql"))]


def read_migrations(folder: Path) -> list[Script]:
    """The numbered scripts of `folder`, in order.

    Raises:
        Conflict: `migration-misnamed`, a name is not `NNNN_name.sql` or a number comes twice.
    """
    found = read_scripts(folder)
    numbers = [script.name[:4] for script in found]
    for script, number in zip(found, numbers, strict=True):
        if not _NUMBERED.fullmatch(f"{script.name}.sql") or numbers.count(number) > 1:
            detail = f"{script.path}: a migration is named NNNN_name.sql, each number once."
            raise Conflict("migration-misnamed", detail)
    return found


def become_owner(connection: Connection) -> None:
    """For the rest of the transaction, act as the role that is to own everything."""
    connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(OWNER)))


def run(connection: Connection, script: Script) -> None:
    """Execute a script in the open transaction, and come back as the connection's own role.

    Raises:
        psycopg.Error: as the server said; `explained` tells where.
        Conflict: `migration-refused`, the script ended the transaction that it runs in.
    """
    # Unqualified names mean the same whoever applies the file, and a routine may call one
    # whose file has a later name.
    connection.execute("SET LOCAL search_path TO public; SET LOCAL check_function_bodies TO off")
    if not script.path.startswith(_AS_ADMIN):
        become_owner(connection)
    connection.execute(script.text)
    if connection.info.transaction_status != TransactionStatus.INTRANS:
        detail = f"{script.path}: the script must not begin or end a transaction."
        raise Conflict("migration-refused", detail)
    connection.execute("SET LOCAL ROLE NONE")


def explained(script: Script, error: psycopg.Error) -> WaybillError:
    """The server's error with the file and, where the server says it, the line."""
    diag = error.diag
    place = script.path
    if diag.statement_position:
        before = script.text.decode()[: int(diag.statement_position) - 1]
        place = f"{script.path}:{before.count(chr(10)) + 1}"
    said = " | ".join(
        part
        for part in (diag.message_primary or str(error), diag.message_detail, diag.message_hint)
        if part
    )
    context = f" (in {diag.context})" if diag.context else ""
    text = f"{place}: {said} [{error.sqlstate}]{context}"
    classified = classify_error(error)
    if isinstance(classified, Busy | Transient | Unavailable):
        return type(classified)(classified.code, text)
    return Conflict("migration-failed", text)
