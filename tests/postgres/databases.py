"""A test's database: where it is and how each role connects to it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

import psycopg
from psycopg import errors, sql

from infra.local import bootstrap
from infra.local.bootstrap import ADMIN
from infra.local.databases import Location

Connection = bootstrap.Connection
PASSWORD = "test"
_PATIENCE_SECONDS = 120.0


@dataclass(frozen=True)
class Database:
    """One database of the test server."""

    port: int
    name: str

    def dsn_for(self, role: str = ADMIN) -> str:
        """A connectable URL, password included, for `role`."""
        return Location("127.0.0.1", self.port, self.name).url(role, PASSWORD)

    def connect(self, role: str = ADMIN, *, autocommit: bool = True) -> Connection:
        """A connection as `role`, in UTC as the functions' own; close it, or use `with`."""
        return psycopg.connect(self.dsn_for(role), autocommit=autocommit, options="-c timezone=UTC")

    def environment(self, role: str) -> Mapping[str, str]:
        """The environment of a function that connects as `role` (but for its secret)."""
        return {
            "DATABASE_HOST": "127.0.0.1",
            "DATABASE_PORT": str(self.port),
            "DATABASE_NAME": self.name,
            "DATABASE_USER": role,
            "DATABASE_TLS": "disable",
            "DATABASE_AUTH": "secret",
        }

    def clone(self, name: str) -> "Database":
        """A new database `name` that starts as a copy of this one (which nobody may be using)."""
        self._maintain(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(self.name)
            )
        )
        return Database(self.port, name)

    def drop(self) -> None:
        """Remove it, with whoever is still connected."""
        statement = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(self.name))
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                return self._maintain(statement)
            except errors.InsufficientPrivilege:
                # An autovacuum worker is in it, which only a superuser may end; it ends itself.
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def _maintain(self, statement: sql.Composed) -> None:
        admin = Database(self.port, "postgres").dsn_for(ADMIN)
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(statement)
