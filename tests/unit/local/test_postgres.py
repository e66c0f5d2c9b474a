"""The embedded PostgreSQL keeps what is in its files to its own account."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.postgres import Postgres


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    """A running server, in a folder that its account can reach."""
    folder = Path(tempfile.mkdtemp(prefix="waybill-postgres-"))
    folder.chmod(0o755)
    postgres = Postgres(folder, fast=True)
    postgres.start()
    yield postgres
    postgres.erase()
    shutil.rmtree(folder, ignore_errors=True)


def test_data_log_and_password_are_readable_by_their_owner_only(postgres: Postgres) -> None:
    private = (postgres.data, postgres.log, postgres.folder / "superuser")
    assert [path for path in private if path.stat().st_mode & 0o077] == []
    assert "ready to accept connections" in postgres.log.read_text()


def test_a_log_of_an_earlier_release_is_closed_at_the_next_start(postgres: Postgres) -> None:
    postgres.stop()
    postgres.log.chmod(0o644)
    postgres.start()
    assert postgres.log.stat().st_mode & 0o077 == 0
