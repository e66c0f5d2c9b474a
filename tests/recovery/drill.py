"""Loses a database with its disk and restores it to a point in time; what landed since is redriven.

`python -m tests.recovery.drill --rows 200000` (`make drill`) prints how long each step takes.
"""

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest

from functions.api.admin.deps import Deps
from functions.api.admin.models import RedriveObjectsRequest
from functions.api.admin.redrive_objects import redrive_objects
from functions.api.admin.settings import AdminSettings
from infra.local.accounts import chown_to_server
from infra.local.bootstrap import DATABASE, bootstrap
from infra.local.postgres import SUPERUSER, Postgres
from tests.postgres.databases import PASSWORD, Connection, Database
from tests.postgres.fixtures import migrated
from tests.stateful.fake_cloud import LANDING, STATE, FakeCloud
from waybill.state.bucket import StateBucket

_PREFIX = "landing/departments/"
_PATIENCE_SECONDS = 120.0
# In the order of landing: before the backup, before the restore point, after it, before the loss.
FILES = ("before-backup", "before-point", "after-point", "before-loss")


class Drill(NamedTuple):
    """What the drill found, and the seconds that each step took."""

    rows_lost: dict[str, int]
    """Rows of each file that the restored database lacks, before the redrive."""
    rows_missing: dict[str, int]
    """The same after the redrive."""
    rows: int
    """Rows in the table in the end."""
    jobs: int
    """Jobs in the ledger in the end."""
    seconds: dict[str, float]


def run_drill(folder: Path, rows: int) -> Drill:
    """Load, back up, load on, lose the disk, restore, redrive; `rows` in each of four files."""
    place = _Place(folder)
    with place.running(), place.cloud() as cloud:
        return _Run(place, cloud, rows).all()


class _Place:
    """A server that archives its WAL, and the folders of backup and archive."""

    def __init__(self, folder: Path) -> None:
        self.postgres = Postgres(folder / "server", fast=True)
        self.backup, self.archive = folder / "backup", folder / "archive"
        self.port = 0

    @contextmanager
    def running(self) -> Iterator[None]:
        self.postgres.folder.mkdir(parents=True)
        self.archive.mkdir()
        self.archive.chmod(0o700)
        chown_to_server(self.archive)
        try:
            self.port = self.postgres.start()
            with self.superuser() as superuser:
                bootstrap(superuser, PASSWORD)
                superuser.execute("ALTER SYSTEM SET archive_mode = on")
                command = f"cp %p {self.archive}/%f"
                superuser.execute(f"ALTER SYSTEM SET archive_command = '{command}'".encode())
            self.postgres.stop()
            self.postgres.start(self.port)
            migrated(self.database)
            yield
        finally:
            self.postgres.erase()

    @property
    def database(self) -> Database:
        return Database(self.port, DATABASE)

    def superuser(self) -> Connection:
        password = self.postgres.superuser_password
        return psycopg.connect(
            f"postgresql://{SUPERUSER}:{password}@127.0.0.1:{self.port}/postgres", autocommit=True
        )

    @contextmanager
    def cloud(self) -> Iterator[FakeCloud]:
        cloud = FakeCloud(self.database, pytest.MonkeyPatch())
        cloud.open(chunk_bytes=8_000_000)
        try:
            yield cloud
        finally:
            cloud.close()


class _Run:
    def __init__(self, place: _Place, cloud: FakeCloud, rows: int) -> None:
        self._place, self._cloud, self._rows = place, cloud, rows
        self._seconds: dict[str, float] = {}

    def all(self) -> Drill:
        self._load(0)
        self._timed("backup", self._back_up)
        self._load(1)
        point = self._now()
        self._load(2)
        self._archive()
        self._load(3)
        self._lose()
        self._timed("restore", lambda: self._restore(point))
        lost = self._missing()
        self._timed("redrive", self._redrive)
        with self._place.database.connect() as admin:
            admin.execute("SET ROLE waybill_owner")
            rows, jobs = admin.execute(
                "SELECT (SELECT count(*) FROM departments),"
                " (SELECT count(*) FROM waybill.ingestion_jobs WHERE state = 'COMPLETED')"
            ).fetchone() or (0, 0)
        return Drill(lost, self._missing(), rows, jobs, self._seconds)

    def _timed(self, name: str, step: Callable[[], None]) -> None:
        started = time.monotonic()
        step()
        self._seconds[name] = round(time.monotonic() - started, 1)

    def _load(self, number: int) -> None:
        first = number * self._rows
        lines = (f"{first + n},{FILES[number]} {n}\n" for n in range(1, self._rows + 1))
        body = "id,department\n" + "".join(lines)
        self._cloud.land("departments", f"{FILES[number]}.csv", body.encode(), number + 1)
        self._cloud.settle()

    def _back_up(self) -> None:
        postgres = self._place.postgres
        with self._place.superuser() as superuser:
            superuser.execute("SELECT pg_backup_start('drill', true)")
            skipped = shutil.ignore_patterns("postmaster.pid", "postmaster.opts", "pg_wal")
            shutil.copytree(postgres.data, self._place.backup, ignore=skipped)
            stopped = superuser.execute("SELECT labelfile FROM pg_backup_stop(true)").fetchone()
        assert stopped is not None
        (self._place.backup / "backup_label").write_text(stopped[0])
        (self._place.backup / "pg_wal").mkdir()

    def _now(self) -> str:
        with self._place.superuser() as superuser:
            (moment,) = superuser.execute("SELECT clock_timestamp()::text").fetchone() or ("",)
        return str(moment)

    def _archive(self) -> None:
        """Let the current WAL segment be archived, as Aurora does within five minutes."""
        with self._place.superuser() as superuser:
            (segment,) = superuser.execute(
                "SELECT pg_walfile_name(pg_switch_wal())"
            ).fetchone() or ("",)
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not (self._place.archive / str(segment)).exists():
            assert time.monotonic() < deadline, "the segment was not archived"
            time.sleep(0.1)

    def _lose(self) -> None:
        self._place.postgres.stop()
        shutil.rmtree(self._place.postgres.data)

    def _restore(self, point: str) -> None:
        postgres = self._place.postgres
        shutil.copytree(self._place.backup, postgres.data)
        (postgres.data / "recovery.signal").touch()
        with (postgres.data / "postgresql.auto.conf").open("a") as settings:
            settings.write(
                f"restore_command = 'cp {self._place.archive}/%f %p'\n"
                f"recovery_target_time = '{point}'\n"
                "recovery_target_action = 'promote'\n"
            )
        postgres.data.chmod(0o700)
        for parent, folders, files in os.walk(postgres.data):
            for name in (".", *folders, *files):
                chown_to_server(Path(parent, name))
        postgres.start(self._place.port)
        deadline = time.monotonic() + _PATIENCE_SECONDS
        with self._place.superuser() as superuser:
            while superuser.execute("SELECT pg_is_in_recovery()").fetchone() == (True,):
                assert time.monotonic() < deadline, "the recovery did not end"
                time.sleep(0.1)

    def _redrive(self) -> None:
        """What an operator does: `waybill redrive --prefix landing/departments/`."""
        urls = {f"{name}_{kind}_url": name for name in ("landed", "chunks", "merges", "extracts")
                for kind in ("queue", "dlq")}  # fmt: skip
        settings = AdminSettings(landing_bucket=LANDING, state_bucket=STATE, **urls)
        s3 = self._cloud.s3
        deps = Deps(s3, settings, {}, StateBucket(s3, STATE))  # type: ignore[arg-type]
        redrive_objects(deps, RedriveObjectsRequest(prefix=_PREFIX), _PATIENCE_SECONDS)
        self._cloud.settle()

    def _missing(self) -> dict[str, int]:
        with self._place.database.connect() as admin:
            found: dict[str, int] = dict(
                admin.execute(
                    "SELECT split_part(department, ' ', 1), count(DISTINCT id) FROM departments"
                    " GROUP BY 1"
                ).fetchall()
            )
        return {name: self._rows - found.get(name, 0) for name in FILES}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        drill = run_drill(Path(folder) / "drill", rows)
    for step, seconds in drill.seconds.items():
        print(f"{step:8} {seconds:6.1f} s")  # noqa: T201
    print(f"lost by the restore, then redriven: {sum(drill.rows_lost.values())} rows")  # noqa: T201
    print(f"missing: {sum(drill.rows_missing.values())} of {4 * rows} rows")  # noqa: T201


if __name__ == "__main__":
    main()
