"""Create the admin role and the database, once, as the superuser of a server.

Nothing else connects as the superuser. On Aurora the cluster's master user, which is not a
superuser, is the admin role from the start.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import errors, sql
from psycopg.conninfo import make_conninfo

from infra.functions import ADMIN_ROLE, DATABASE_ROLES

ADMIN = ADMIN_ROLE
OWNER = "waybill_owner"
DATABASE = "waybill"
ROLES = DATABASE_ROLES
"""The roles of the functions; the migrations create them without a password."""

Connection = psycopg.Connection[tuple[Any, ...]]
_CREATE = "CREATE ROLE {role} LOGIN NOSUPERUSER CREATEROLE CREATEDB"
# Lets the admin role act as the roles that it creates.
_INHERIT = "ALTER ROLE {role} SET createrole_self_grant = 'set, inherit'"
# For the statistics of queries, which the admin role lets the owner of the routines read.
_STATISTICS = "GRANT pg_read_all_stats TO {role} WITH ADMIN OPTION"
_EXTENSION = (
    "CREATE SCHEMA IF NOT EXISTS extensions;"
    " CREATE EXTENSION IF NOT EXISTS pg_stat_statements WITH SCHEMA extensions;"
    " GRANT USAGE ON SCHEMA extensions TO PUBLIC"
)
# The merge checks foreign keys set-wise and disables their triggers.
_TRIGGERS = "GRANT SET ON PARAMETER session_replication_role TO {role} WITH GRANT OPTION"


def bootstrap(owner: Connection, password: str, database: str = DATABASE) -> None:
    """Create the admin role, with `password`, and its database, unless they exist.

    `owner` is in autocommit and may create roles and databases.
    """
    role = sql.Identifier(ADMIN)
    if not _exists(owner, _ROLE, ADMIN):
        owner.execute(sql.SQL(_CREATE).format(role=role))
        owner.execute(sql.SQL(_INHERIT).format(role=role))
        # Only a superuser may grant this; without it merges leave the triggers enabled.
        with suppress(errors.InsufficientPrivilege):
            owner.execute(sql.SQL(_TRIGGERS).format(role=role))
    with suppress(errors.InsufficientPrivilege):
        owner.execute(sql.SQL(_STATISTICS).format(role=role))
    set_password(owner, ADMIN, password)
    name = sql.Identifier(database)
    if not _exists(owner, "SELECT 1 FROM pg_database WHERE datname = %s", database):
        owner.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, role))
    elif not _exists(owner, _OWNED, database):
        if not _exists(owner, "SELECT 1 WHERE pg_has_role(%s, 'SET')", ADMIN):
            # Required to transfer ownership to the role.
            owner.execute(sql.SQL("GRANT {} TO CURRENT_USER WITH SET TRUE").format(role))
        owner.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(name, role))
    _enable_statistics(owner, database)

    with psycopg.connect(
        owner.info.dsn, password=owner.info.password, dbname=database, autocommit=True
    ) as inside:
        guard_functions(inside)


# Functions that PostgreSQL gives to everybody, and with which a role could block or end the work
# of another, or store data of its own: advisory locks are numbers that anybody may choose.
_GUARDED = """
SELECT oid::regprocedure::text FROM pg_proc
WHERE pronamespace = 'pg_catalog'::regnamespace
    AND proname ~ '^(lo_.*|loread|lowrite|pg_(try_)?advisory_.*|pg_(cancel|terminate)_backend)$'
    AND has_function_privilege('public', oid, 'EXECUTE')
    AND (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
"""
_GUARD = """
REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {function} TO {role} WITH GRANT OPTION
"""


def guard_functions(superuser: Connection) -> None:
    """Take such functions from PUBLIC in this database; migrations give some to the owner.

    They belong to the server's superuser, so this does nothing for anybody else, as on Aurora.
    """
    for (function,) in superuser.execute(_GUARDED.encode()).fetchall():
        guard = sql.SQL(_GUARD).format(function=sql.SQL(function), role=sql.Identifier(ADMIN))
        superuser.execute(guard)
        if _exists(superuser, _ROLE, OWNER):
            owned = sql.SQL("GRANT EXECUTE ON FUNCTION {} TO {}")
            superuser.execute(owned.format(sql.SQL(function), sql.Identifier(OWNER)))


_ROLE = "SELECT 1 FROM pg_roles WHERE rolname = %s"
_OWNED = (
    "SELECT 1 FROM pg_database WHERE datname = %s AND pg_get_userbyid(datdba) = 'waybill_admin'"
)


def _enable_statistics(owner: Connection, database: str) -> None:
    """Create the extension that counts queries, where the server has it and permits it."""
    given = owner.info.get_parameters()
    place = make_conninfo(**{**given, "dbname": database, "password": owner.info.password})
    # Without it `GET /admin/queries` is empty.
    with suppress(psycopg.Error), psycopg.connect(place, autocommit=True) as connection:
        connection.execute(_EXTENSION)


def set_passwords(admin: Connection, passwords: Mapping[str, str]) -> None:
    """Set the password of each of `ROLES` that exists."""
    for role in ROLES:
        if _exists(admin, _ROLE, role):
            set_password(admin, role, passwords[role])


def set_password(connection: Connection, role: str, password: str) -> None:
    """Set the password of `role`."""
    connection.execute(
        sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(password))
    )


def _exists(connection: Connection, query: str, name: str) -> bool:
    return connection.execute(query.encode(), (name,)).fetchone() is not None
