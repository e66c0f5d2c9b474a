"""The kept connection is kept, and replaced when it is dead."""

from typing import TYPE_CHECKING

import pytest

from tests.postgres.databases import Database
from tests.unit.http.doors import connect_as
from waybill.errors import Rejected, Unavailable
from waybill.http.persistent_connection import Connection, WarmDatabase
from waybill.settings import DatabaseSettings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def process(connection: Connection) -> int:
    row = connection.execute("SELECT pg_backend_pid()").fetchone()
    assert row is not None
    return int(row[0])


@pytest.fixture
def warm(aws: "S3Client", database: Database, monkeypatch: pytest.MonkeyPatch) -> WarmDatabase:
    assert aws
    connect_as("waybill_api", database, monkeypatch)
    return WarmDatabase(DatabaseSettings.from_environment(), "test")


def test_it_is_kept(warm: WarmDatabase) -> None:
    assert warm.ask(process) == warm.ask(process)
    warm.close()


def test_a_dead_one_is_replaced(warm: WarmDatabase, database: Database) -> None:
    first = warm.ask(process)
    with database.connect() as admin:
        admin.execute("SET ROLE waybill_api")
        admin.execute("SELECT pg_terminate_backend(%s)", (first,))
    assert warm.ask(process) != first
    warm.close()


def test_a_statement_ends_before_the_gateway_gives_up(warm: WarmDatabase) -> None:
    bound = warm.ask(lambda connection: connection.execute("SHOW statement_timeout").fetchone())
    assert bound == ("25s",)
    warm.close()


def test_a_refusal_keeps_it(warm: WarmDatabase) -> None:
    first = warm.ask(process)
    with pytest.raises(Rejected):
        warm.ask(lambda connection: connection.execute("SELECT 1 / 0"))
    assert warm.ask(process) == first
    warm.close()


def test_a_database_that_is_away_is_unavailable(
    warm: WarmDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert warm
    monkeypatch.setenv("DATABASE_PORT", "1")
    monkeypatch.setattr("waybill.http.persistent_connection._PATIENCE_SECONDS", 0.1)
    away = WarmDatabase(DatabaseSettings.from_environment(), "test")
    with pytest.raises(Unavailable):
        away.ask(process)
