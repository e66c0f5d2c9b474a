"""What the owner of a server does once for Waybill, and then never connects again for it.

The embedded server's owner is its superuser; on Aurora the cluster's master user, which is no
superuser either, has the rights of the admin role from the start.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import errors, sql

ADMIN = "waybill_admin"
DATABASE = "waybill"
ROLES = ("waybill_loader", "waybill_api", "waybill_reader", "waybill_refresher")
"""The roles that the functions connect as; the migrations create them, without a password."""

Connection = psycopg.Connection[tuple[Any, ...]]
_CREATE = "CREATE ROLE {role} LOGIN NOSUPERUSER CREATEROLE CREATEDB"
# The admin may act as the roles it creates, so it can own and grant through them.
_INHERIT = "ALTER ROLE {role} SET createrole_self_grant = 'set, inherit'"
# The merge writes with references already checked set-wise, and so without their triggers.
_TRIGGERS = "GRANT SET ON PARAMETER session_replication_role TO {role} WITH GRANT OPTION"


def bootstrap(owner: Connection, password: str, database: str = DATABASE) -> None:
    """Make the admin role, with `password`, and its database; what is there stays.

    `owner` is in autocommit and may create roles and databases.
    """
    role = sql.Identifier(ADMIN)
    if not _there(owner, "SELECT 1 FROM pg_roles WHERE rolname = %s", ADMIN):
        owner.execute(sql.SQL(_CREATE).format(role=role))
        owner.execute(sql.SQL(_INHERIT).format(role=role))
        # Only a superuser may grant this; without it merges keep their triggers on.
        with suppress(errors.InsufficientPrivilege):
            owner.execute(sql.SQL(_TRIGGERS).format(role=role))
    set_password(owner, ADMIN, password)
    name = sql.Identifier(database)
    if not _there(owner, "SELECT 1 FROM pg_database WHERE datname = %s", database):
        owner.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, role))
    elif not _there(owner, _OWNED, database):
        if not _there(owner, "SELECT 1 WHERE pg_has_role(%s, 'SET')", ADMIN):
            # Whoever created the role may let itself act for it, to hand the database over.
            owner.execute(sql.SQL("GRANT {} TO CURRENT_USER WITH SET TRUE").format(role))
        owner.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(name, role))


_OWNED = (
    "SELECT 1 FROM pg_database WHERE datname = %s AND pg_get_userbyid(datdba) = 'waybill_admin'"
)


def set_passwords(admin: Connection, passwords: Mapping[str, str]) -> None:
    """Let each of `ROLES` log in with its password; those that do not exist are left out."""
    for role in ROLES:
        if _there(admin, "SELECT 1 FROM pg_roles WHERE rolname = %s", role):
            set_password(admin, role, passwords[role])


def set_password(connection: Connection, role: str, password: str) -> None:
    """Let `role` log in with `password`."""
    connection.execute(
        sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(password))
    )


def _there(connection: Connection, query: str, name: str) -> bool:
    return connection.execute(query.encode(), (name,)).fetchone() is not None
