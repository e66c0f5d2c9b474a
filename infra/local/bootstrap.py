"""What a superuser does once on the embedded server, and then never connects again.

On Aurora the cluster's master user has the same rights and is no superuser either.
"""

from collections.abc import Mapping

import psycopg
from psycopg import sql

from infra.local.postgres import HOST, SUPERUSER, Postgres

ADMIN = "waybill_admin"
DATABASE = "waybill"
ROLES = ("waybill_loader", "waybill_api", "waybill_reader", "waybill_refresher")
"""The roles that the functions connect as; the migrations create them, without a password."""

_CREATE = "CREATE ROLE {role} LOGIN NOSUPERUSER CREATEROLE CREATEDB"
# The admin may act as the roles it creates, so it can own and grant through them.
_INHERIT = "ALTER ROLE {role} SET createrole_self_grant = 'set, inherit'"
# The merge writes with references already checked set-wise, and so without their triggers.
_TRIGGERS = "GRANT SET ON PARAMETER session_replication_role TO {role} WITH GRANT OPTION"


def bootstrap(server: Postgres, port: int, password: str) -> str:
    """Make the admin role and its database if they are not there; gives the admin's address."""
    with psycopg.connect(
        host=HOST,
        port=port,
        user=SUPERUSER,
        password=server.superuser_password,
        dbname="postgres",
        autocommit=True,
    ) as connection:
        role = sql.Identifier(ADMIN)
        if not _there(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", ADMIN):
            for statement in (_CREATE, _INHERIT, _TRIGGERS):
                connection.execute(sql.SQL(statement).format(role=role))
        connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(role, sql.Literal(password)))
        if not _there(connection, "SELECT 1 FROM pg_database WHERE datname = %s", DATABASE):
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), role)
            )
    return address(port, ADMIN, password)


def address(port: int, role: str, password: str, database: str = DATABASE) -> str:
    """A connectable URL with its password."""
    return f"postgresql://{role}:{password}@{HOST}:{port}/{database}"


def set_passwords(admin_address: str, passwords: Mapping[str, str]) -> None:
    """Let each of the roles log in with its password; roles that do not exist are left out."""
    with psycopg.connect(admin_address, autocommit=True) as connection:
        for role, password in passwords.items():
            if _there(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", role):
                connection.execute(
                    sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(
                        sql.Identifier(role), sql.Literal(password)
                    )
                )


def _there(connection: psycopg.Connection[tuple[object, ...]], query: str, name: str) -> bool:
    return connection.execute(query.encode(), (name,)).fetchone() is not None
