"""Fixtures: `server`, `template_database` (all migrations, once), `database` (one per test)."""

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from infra.local.bootstrap import DATABASE, ROLES, bootstrap, set_passwords
from infra.local.postgres import SUPERUSER, Postgres
from tests.postgres.databases import PASSWORD, Database
from tests.postgres.linguistic import create_linguistic
from tests.postgres.roles import create_test_roles
from waybill.database.migrations import migrate

_FOLDERS = "waybill-tests-"
_numbers = itertools.count(1)
_MEMORY = Path("/dev/shm")  # noqa: S108 - the folder has the session's pid, and mode 0755
_GIGABYTE = 1024**3


def _erase_left_overs(parent: Path) -> None:
    """A session that was killed leaves its server running: its folder's name has its pid."""
    for folder in parent.glob(f"{_FOLDERS}*"):
        if not Path("/proc", folder.name.removeprefix(_FOLDERS)).exists():
            Postgres(folder, fast=True).erase()


def _parent_of_servers() -> Path:
    """Memory, where there is plenty: databases are made and dropped all the time, and a disk's file
    system searches long for the place of a new file after many were deleted.
    """
    in_memory = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > 8 * _GIGABYTE
    if in_memory and psutil.virtual_memory().available > 8 * _GIGABYTE:
        return _MEMORY
    return Path(tempfile.gettempdir())


@pytest.fixture(scope="session")
def server() -> Iterator[Database]:
    """The maintenance database of the session's server; nothing is kept of it."""
    parent = _parent_of_servers()
    if Path("/proc/self").exists():
        _erase_left_overs(parent)
    folder = parent / f"{_FOLDERS}{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o755)
    postgres = Postgres(folder, fast=True)
    try:
        port = postgres.start()
        given = f"postgresql://{SUPERUSER}:{postgres.superuser_password}@127.0.0.1:{port}/postgres"
        with psycopg.connect(given, autocommit=True) as owner:
            bootstrap(owner, PASSWORD)
            create_linguistic(owner)
        yield Database(port, "postgres")
    finally:
        postgres.erase()


@pytest.fixture(scope="session")
def template_database(server: Database) -> Database:
    """A migrated database; do not write to it."""
    return migrated(Database(server.port, DATABASE))


def migrated(database: Database) -> Database:
    """The database with every migration applied by the project's own runner."""
    with database.connect() as connection:
        migrate(connection)
        set_passwords(connection, dict.fromkeys(ROLES, PASSWORD))
        create_test_roles(connection)
    return database


@pytest.fixture
def empty_database(server: Database) -> Iterator[Database]:
    """A database without anything in it, for tests of the migrations themselves."""
    database = Database(server.port, "template1").clone(f"empty_{next(_numbers)}")
    yield database
    database.drop()


@pytest.fixture
def database(template_database: Database) -> Iterator[Database]:
    """A migrated database of the test's own."""
    database = template_database.clone(f"test_{next(_numbers)}")
    yield database
    database.drop()
