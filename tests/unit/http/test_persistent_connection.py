"""The connection is kept, and replaced when it was closed."""

from typing import TYPE_CHECKING

import pytest

from tests.postgres.databases import Database
from tests.unit.http.api_client import connect_as
from waybill.database.errors import translating_db_errors
from waybill.database.repository import Connection
from waybill.errors import Rejected, Transient, Unavailable
from waybill.http.breaker import Breaker
from waybill.http.deadline import Deadline
from waybill.http.persistent_connection import PersistentConnection
from waybill.settings import DatabaseSettings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def backend_pid(connection: Connection) -> int:
    row = connection.execute("SELECT pg_backend_pid()").fetchone()
    assert row is not None
    return int(row[0])


@pytest.fixture
def persistent(
    aws: "S3Client", database: Database, monkeypatch: pytest.MonkeyPatch
) -> PersistentConnection:
    assert aws
    connect_as("waybill_jobs", database, monkeypatch)
    return PersistentConnection(DatabaseSettings.from_environment(), "test")


def test_the_connection_is_reused(persistent: PersistentConnection) -> None:
    assert persistent.run(backend_pid) == persistent.run(backend_pid)
    persistent.close()


def test_a_closed_connection_is_replaced(
    persistent: PersistentConnection, database: Database
) -> None:
    first = persistent.run(backend_pid)
    with database.connect() as admin:
        admin.execute("SELECT pg_terminate_backend(%s)", (first,))
    assert persistent.run(backend_pid) != first
    persistent.close()


def columns_of_replaced(connection: Connection) -> int:
    with translating_db_errors():
        (row,) = connection.execute("SELECT * FROM public.replaced()").fetchall()
    return len(row)


def test_a_routine_with_another_result_is_prepared_again(
    persistent: PersistentConnection, database: Database
) -> None:
    with database.connect() as admin:
        admin.execute("CREATE FUNCTION public.replaced(OUT a integer) LANGUAGE sql RETURN 1")
        # The driver prepares what is called more often than five times.
        assert [persistent.run(columns_of_replaced) for _ in range(8)] == [1] * 8
        admin.execute(
            "DROP FUNCTION public.replaced;"
            "CREATE FUNCTION public.replaced(OUT a integer, OUT b integer) LANGUAGE sql AS"
            " 'SELECT 1, 2'"
        )
    assert [persistent.run(columns_of_replaced) for _ in range(2)] == [2, 2]
    persistent.close()


def statement_timeout(connection: Connection) -> str:
    row = connection.execute("SHOW statement_timeout").fetchone()
    assert row is not None
    return str(row[0])


def test_statements_time_out_before_the_gateway(persistent: PersistentConnection) -> None:
    assert persistent.run(statement_timeout) == "25s"
    persistent.close()


def test_late_statements_time_out_with_their_request(persistent: PersistentConnection) -> None:
    assert persistent
    now = [100.0]
    deadline = Deadline(lambda: now[0])
    timed = PersistentConnection(DatabaseSettings.from_environment(), "test", deadline=deadline)
    for _ in range(2):
        with deadline.request():
            seen = []
            for passed in (0, 1.5, 13, 12, 5):
                now[0] += passed
                seen.append(timed.run(statement_timeout))
            assert seen == ["25s", "25s", "12s", "1s", "1s"]
            with pytest.raises(Transient, match="database-timeout"):
                timed.run(lambda connection: connection.execute("SELECT pg_sleep(5)"))
    # Such as an event of a schedule.
    assert timed.run(statement_timeout) == "25s"
    timed.close()


def test_a_late_request_does_not_begin_to_connect(persistent: PersistentConnection) -> None:
    assert persistent
    now = [100.0]
    deadline, breaker = Deadline(lambda: now[0]), Breaker()
    late = PersistentConnection(DatabaseSettings.from_environment(), "test", breaker, deadline)
    with deadline.request():
        now[0] += 24
        with pytest.raises(Unavailable):
            late.run(backend_pid)
    # Nothing is known of the database.
    assert not breaker.has_failed
    with deadline.request():
        assert late.run(backend_pid)
    late.close()


def test_a_refused_statement_keeps_the_connection(persistent: PersistentConnection) -> None:
    first = persistent.run(backend_pid)
    with pytest.raises(Rejected):
        persistent.run(lambda connection: connection.execute("SELECT 1 / 0"))
    assert persistent.run(backend_pid) == first
    persistent.close()


def test_an_unreachable_database_is_unavailable(
    persistent: PersistentConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert persistent
    monkeypatch.setenv("DATABASE_PORT", "1")
    monkeypatch.setattr("waybill.http.persistent_connection._PATIENCE_SECONDS", 0.1)
    unreachable = PersistentConnection(DatabaseSettings.from_environment(), "test")
    with pytest.raises(Unavailable):
        unreachable.run(backend_pid)
