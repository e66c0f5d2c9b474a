"""Migrates the database of the local stack by the deployed function."""

import json
from collections.abc import Mapping

import psycopg

from infra.local.bootstrap import ADMIN, Connection, set_passwords
from infra.local.clients import Clients
from infra.local.databases import Location
from infra.local.stack_error import StackError


class MigrationError(StackError):
    """A file of `sql/` was refused; the database is as it was before."""


def migrate(clients: Clients, outputs: Mapping[str, str]) -> str:
    """Invoke the deployed function and return its response.

    Raises:
        MigrationError: it failed.
    """
    name = outputs["MigrateFunctionName"]
    response = clients("lambda").invoke(FunctionName=name, Payload=b"{}")
    payload = str(response["Payload"].read().decode())
    if response.get("FunctionError"):
        raise MigrationError(
            f"The migration failed:\n{_error_text(payload)}\n"
            "Nothing of the file was applied. Correct it, then `waybill migrate`."
        )
    return payload


def migrate_database(
    clients: Clients, outputs: Mapping[str, str], location: Location, passwords: dict[str, str]
) -> tuple[str | None, MigrationError | None]:
    """Migrate and set the roles' passwords.

    Returns:
        The function's response, or the error that left the tables of an earlier release as they
        were.

    Raises:
        MigrationError: there is no earlier release.
    """
    response, failure = None, None
    with psycopg.connect(location.url(ADMIN, passwords[ADMIN]), autocommit=True) as admin:
        try:
            response = migrate(clients, outputs)
        except MigrationError as error:
            if not _was_migrated(admin):
                raise
            failure = error
        set_passwords(admin, passwords)
    return response, failure


def _was_migrated(admin: Connection) -> bool:
    """Whether the database has the tables of an earlier release."""
    row = admin.execute("SELECT to_regclass('waybill.ingestion_jobs') IS NOT NULL").fetchone()
    return row == (True,)


def _error_text(payload: str) -> str:
    error = json.loads(payload)
    return "\n".join([str(error.get("errorMessage", payload)), *error.get("stackTrace", [])[-3:]])
