"""A hot standby of a server of its own, as a reader of Aurora: it follows, and cannot write."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psycopg

from infra.local.accounts import chown_to_server
from infra.local.bootstrap import bootstrap
from infra.local.postgres import SUPERUSER, Postgres
from tests.postgres.databases import PASSWORD, Database
from tests.postgres.fixtures import migrated
from waybill.database.repository import Connection

_PATIENCE_SECONDS = 120.0


class Pair(NamedTuple):
    """A migrated database at a writer, and the same one at its reader."""

    writer: Database
    reader: Database
    writer_server: Postgres
    reader_server: Postgres

    @contextmanager
    def paused(self) -> Iterator[None]:
        """The reader knows what is written by now, and falls behind within the block."""
        catch_up(self.writer, self.reader)
        with _superuser(self.reader_server, self.reader.port) as superuser:
            superuser.execute("SELECT pg_wal_replay_pause()")
            yield
            superuser.execute("SELECT pg_wal_replay_resume()")

    @contextmanager
    def feedback(self) -> Iterator[None]:
        """The reader tells the writer what its transactions see, within the block."""
        with self._settings(wal_receiver_status_interval="1s", hot_standby_feedback="on"):
            yield

    @contextmanager
    def slot_of_a_snapshot(self, name: str) -> Iterator[None]:
        """A replication slot that kept a snapshot of the reader, which does not use it any more."""
        kept = f"SELECT xmin IS NOT NULL FROM pg_replication_slots WHERE slot_name = '{name}'"
        with _superuser(self.writer_server, self.writer.port) as writer:
            writer.execute("SELECT pg_create_physical_replication_slot(%s, true)", (name,))
            with self.feedback(), self._settings(primary_slot_name=name):
                _wait_for(writer, kept)
            _wait_for(writer, "SELECT bool_and(NOT active) FROM pg_replication_slots")
            _wait_for(writer, "SELECT bool_and(backend_xmin IS NULL) FROM pg_stat_replication")
            yield
            writer.execute("SELECT pg_drop_replication_slot(%s)", (name,))

    @contextmanager
    def _settings(self, **settings: str) -> Iterator[None]:
        with _superuser(self.reader_server, self.reader.port) as superuser:
            for name, value in settings.items():
                superuser.execute(f"ALTER SYSTEM SET {name} = '{value}'".encode())
            superuser.execute("SELECT pg_reload_conf()")
            yield
            for name in settings:
                superuser.execute(f"ALTER SYSTEM RESET {name}".encode())
            superuser.execute("SELECT pg_reload_conf()")


@contextmanager
def running(folder: Path) -> Iterator[Pair]:
    """Start both servers; they are erased in the end."""
    writer = Postgres(folder / "writer", fast=True)
    reader = Postgres(folder / "reader", fast=True)
    try:
        for one in (writer, reader):
            one.folder.mkdir(parents=True)
        place = _start_writer(writer)
        _copy(writer, reader, place)
        yield Pair(place, Database(reader.start(), "waybill"), writer, reader)
    finally:
        reader.erase()
        writer.erase()


def _start_writer(writer: Postgres) -> Database:
    port = writer.start()
    database = Database(port, "waybill")
    with _superuser(writer, port) as superuser:
        bootstrap(superuser, PASSWORD)
    return migrated(database)


def _superuser(postgres: Postgres, port: int) -> Connection:
    url = f"postgresql://{SUPERUSER}:{postgres.superuser_password}@127.0.0.1:{port}/postgres"
    return psycopg.connect(url, autocommit=True)


def _copy(writer: Postgres, reader: Postgres, place: Database) -> None:
    """A base backup: the files, copied while the server runs."""
    with _superuser(writer, place.port) as superuser:
        superuser.execute("SELECT pg_backup_start('reader', true)")
        skipped = shutil.ignore_patterns("postmaster.pid", "postmaster.opts")
        shutil.copytree(writer.data, reader.data, ignore=skipped)
        stopped = superuser.execute("SELECT labelfile FROM pg_backup_stop(false)").fetchone()
    assert stopped is not None
    (reader.data / "backup_label").write_text(stopped[0])
    (reader.data / "standby.signal").touch()
    shutil.copy(writer.folder / "superuser", reader.folder / "superuser")
    with (reader.data / "postgresql.auto.conf").open("a") as settings:
        settings.write(
            f"primary_conninfo = 'host=127.0.0.1 port={place.port} user={SUPERUSER}"
            f" password={writer.superuser_password}'\n"
        )
    reader.data.chmod(0o700)
    reader.log.touch()
    chown_to_server(reader.log)
    for parent, folders, files in os.walk(reader.data):
        for name in (".", *folders, *files):
            chown_to_server(Path(parent, name))


def _wait_for(connection: Connection, condition: str) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while connection.execute(condition.encode()).fetchone() != (True,):
        if time.monotonic() > deadline:
            raise TimeoutError(condition)
        time.sleep(0.05)


def catch_up(writer: Database, reader: Database) -> None:
    """Wait until the reader has replayed what the writer has written by now."""
    with writer.connect() as connection:
        written = connection.execute("SELECT pg_current_wal_insert_lsn()").fetchone()
    assert written is not None
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with reader.connect() as connection:
            if connection.execute(
                "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", written
            ).fetchone() == (True,):
                return
        time.sleep(0.05)
    raise TimeoutError("the reader does not follow")
