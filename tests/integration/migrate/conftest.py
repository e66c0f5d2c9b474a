"""Fixtures of the migrations: an empty database, and a folder of SQL files."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.migrate.sql_files import BASE, BIRDS, write
from tests.postgres.databases import Connection, Database
from waybill.database.queries import sql_folder


@pytest.fixture
def admin(empty_database: Database) -> Iterator[Connection]:
    with empty_database.connect() as connection:
        yield connection


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The project's own migrations and routines, and two datasets of the test's own."""
    for kind in ("migrations", "routines"):
        shutil.copytree(sql_folder() / kind, tmp_path / kind)
    for kind in ("datasets", "views"):
        (tmp_path / kind).mkdir()
    write(tmp_path, "datasets/birds.sql", BIRDS)
    write(tmp_path, "datasets/colours.sql", BASE)
    return tmp_path
