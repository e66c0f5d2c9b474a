"""Databases with users: a throwaway one of any size, or that of a local stack."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from infra.local.bootstrap import ADMIN
from infra.local.databases import EmbeddedDatabase, Location
from infra.local.passwords import load_passwords
from infra.local.postgres import HOST, SUPERUSER, Postgres
from tests.benchmarks.company import migrated_server
from tests.benchmarks.lookup_clients import Server
from tests.postgres.databases import PASSWORD, Connection, Database
from tests.sql.analytics.seed import owner
from waybill.database.datasets import Datasets

_ROLE = "waybill_lookups"
_CONNECTIONS = 150


@contextmanager
def filled_server(rows: int) -> Iterator[Server]:
    """A server of its own, with users that are inserted as `make sample-users` writes them."""
    with migrated_server(connections=_CONNECTIONS) as database:
        with owner(database) as connection:
            _fill(connection, rows)
            contract = Datasets(connection).contract("users")
        yield Server(database.environment(_ROLE), PASSWORD, contract, rows)


@contextmanager
def stopped_stack(home: Path) -> Iterator[Server]:
    """The server of the local stack with this home, which does not run otherwise."""
    postgres = EmbeddedDatabase(home).server
    if postgres.port() is not None:
        raise SystemExit("The stack is running: stop it, so that the server takes 100 clients.")
    passwords = load_passwords(home)
    try:
        _set_connections(postgres, str(_CONNECTIONS))
        port = postgres.start()
        url = Location(HOST, port).url(ADMIN, passwords[ADMIN])
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("SET ROLE waybill_owner")
            contract = Datasets(connection).contract("users")
            found = connection.execute("SELECT max(id) FROM users").fetchone()
        environment = Database(port, Location(HOST, port).name).environment(_ROLE)
        yield Server(environment, passwords[_ROLE], contract, int(found[0]) if found else 0)
    finally:
        _set_connections(postgres, "DEFAULT")


def _set_connections(postgres: Postgres, value: str) -> None:
    """Set the most connections of a server, and stop it: it takes effect at its next start."""
    url = Location(HOST, postgres.start(), "postgres").url(SUPERUSER, postgres.superuser_password)
    with psycopg.connect(url, autocommit=True) as superuser:
        superuser.execute(f"ALTER SYSTEM SET max_connections = {value}".encode())
    postgres.stop()


def _fill(connection: Connection, rows: int) -> None:
    """Insert users, and build the indexes afterwards."""
    names = ("idx_users_email_status", "idx_users_email_active", "idx_users_email")
    found = connection.execute(
        "SELECT indexdef FROM pg_indexes WHERE indexname = ANY (%s)"
        " ORDER BY array_position(%s, indexname::text)",
        (list(names), list(names)),
    ).fetchall()
    for name in names:
        connection.execute(f"DROP INDEX {name}".encode())
    connection.execute(
        b"INSERT INTO users (id, email, name, status, created_at)"
        b" SELECT i, 'email' || i || '@example.com', 'User ' || i,"
        b"     CASE WHEN hashint8(i) & 1023 < 717 THEN 'active' ELSE 'inactive' END,"
        b"     timestamptz '2020-01-01 00:00+00' + (hashint8(i) & 3155) * interval '1 day'"
        b" FROM generate_series(1, %s::bigint) AS i",
        (rows,),
    )
    connection.execute("SET maintenance_work_mem TO '1GB'")
    for (definition,) in found:
        connection.execute(definition.encode())
    connection.execute("VACUUM ANALYZE users")
