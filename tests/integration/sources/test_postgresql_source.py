"""Tables and queries of another PostgreSQL are read whole, in order, and without writing."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from functions.pipeline.extract.database_pages import ROWS_PER_PAGE
from functions.pipeline.extract.page import Page
from functions.pipeline.extract.read_postgresql import read_postgresql
from functions.pipeline.extract.source_error import SourceError
from infra.local.bootstrap import ADMIN
from tests.postgres.databases import PASSWORD, Database
from waybill.outbound.address import Guard
from waybill.sources.connections import DatabaseConnection
from waybill.sources.definition import RetryPolicy

LOCAL = Guard.of("127.0.0.0/8", plain_http=False)
ROWS = 2 * ROWS_PER_PAGE + 1
_SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:legacy"


@pytest.fixture
def legacy(empty_database: Database) -> Database:
    """A database that the project knows nothing of."""
    with empty_database.connect() as connection:
        connection.execute("CREATE SCHEMA port")
        connection.execute(
            "CREATE TABLE port.ships (flag text, number integer, seen timestamptz, cargo json,"
            " PRIMARY KEY (flag, number))"
        )
        connection.execute(
            "INSERT INTO port.ships SELECT 'P' || n %% 3, n,"
            " timestamptz '2026-01-01 00:00+00' + n * interval '1 second',"
            " E'{\"tons\":\\n1.10}' FROM generate_series(1, %s) AS n",
            (ROWS,),
        )
    return empty_database


def connection_to(database: Database, **given: Any) -> DatabaseConnection:
    values = {
        "engine": "postgresql",
        "host": "127.0.0.1",
        "port": database.port,
        "database": database.name,
        "key": ["flag", "number"],
        "tls": "disable",
        "secret_arn": _SECRET,
    }
    return DatabaseConnection.model_validate({**values, **given})


def pages(connection: DatabaseConnection, position: str | None = None) -> Iterator[Page]:
    credentials = {"username": ADMIN, "password": PASSWORD}
    return read_postgresql(LOCAL, connection, credentials, position)


def numbers(found: list[Page]) -> list[tuple[str, int]]:
    rows = [json.loads(record) for page in found for record in page.records]
    return [(row["flag"], row["number"]) for row in rows]


EXPECTED = sorted((f"P{number % 3}", number) for number in range(1, ROWS + 1))


def test_a_table_is_read_whole_and_in_order(legacy: Database) -> None:
    found = list(pages(connection_to(legacy, table="port.ships")))
    assert [len(page.records) for page in found] == [ROWS_PER_PAGE, ROWS_PER_PAGE, 1]
    assert numbers(found) == EXPECTED
    assert found[-1].position is None
    assert json.loads(found[0].records[0]) == {
        "flag": "P0", "number": 3, "seen": "2026-01-01T00:00:03+00:00", "cargo": {"tons": 1.10},
    }  # fmt: skip
    assert "1.10" in found[0].records[0]
    assert all("\n" not in record for page in found for record in page.records)


def test_a_read_resumes_after_every_page(legacy: Database) -> None:
    connection = connection_to(legacy, table="port.ships")
    first = next(pages(connection))
    assert first.position is not None
    assert numbers([first, *pages(connection, first.position)]) == EXPECTED


def test_an_incremental_source_begins_after_the_last_row(legacy: Database) -> None:
    connection = connection_to(
        legacy, query="SELECT * FROM port.ships WHERE flag LIKE 'P%';", incremental="seen"
    )
    cursor = list(pages(connection))[-1].cursor
    with legacy.connect() as admin:
        admin.execute("INSERT INTO port.ships VALUES ('P9', 1, '2026-02-01 00:00+00', '{}')")
    assert numbers(list(pages(connection, cursor))) == [("P9", 1)]
    assert numbers(list(pages(connection, "2026-01-31"))) == [("P9", 1)]


def test_null_in_the_order_is_refused(legacy: Database) -> None:
    with legacy.connect() as admin:
        admin.execute("INSERT INTO port.ships VALUES ('P9', 1, NULL, '{}')")
    connection = connection_to(legacy, table="port.ships", incremental="seen")
    with pytest.raises(SourceError, match="NULL in 'seen'") as refused:
        list(pages(connection))
    assert refused.value.reason == "refused"


def test_a_source_cannot_write(legacy: Database) -> None:
    with legacy.connect() as admin:
        admin.execute(
            "CREATE FUNCTION port.sink() RETURNS integer LANGUAGE sql"
            " AS 'DELETE FROM port.ships; SELECT 1'"
        )
    query = "SELECT *, port.sink() FROM port.ships"
    with pytest.raises(SourceError, match="read-only transaction") as refused:
        list(pages(connection_to(legacy, query=query)))
    assert refused.value.reason == "refused"


@pytest.mark.parametrize(
    ("given", "reason", "detail"),
    [
        ({"query": "SELECT * FROM port.ships, pg_sleep(5)", "statement_seconds": 1}, "timeout",
         "took too long"),
        ({"table": "port.boats"}, "refused", "does not exist"),
        ({"table": "port.ships", "key": ["name"]}, "refused", "does not exist"),
        ({"table": "port.ships", "tls": "verify-full", "tls_ca": None}, "unreachable", "TLS"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_explained(
    legacy: Database, given: dict[str, Any], reason: str, detail: str
) -> None:
    with pytest.raises(SourceError, match=detail) as refused:
        list(pages(connection_to(legacy, **given)))
    assert refused.value.reason == reason
    assert PASSWORD not in str(refused.value)


def test_a_connection_that_is_lost_in_the_middle_is_tried_again(legacy: Database) -> None:
    reading = pages(connection_to(legacy, table="port.ships"))
    first = next(reading)
    with legacy.connect() as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'waybill' AND datname = current_database()"
        )
    with pytest.raises(SourceError) as lost:
        list(reading)
    assert lost.value.reason in RetryPolicy().on
    rest = pages(connection_to(legacy, table="port.ships"), first.position)
    assert numbers([first, *rest]) == EXPECTED


def test_wrong_credentials_are_refused_without_naming_them(legacy: Database) -> None:
    wrong = {"username": ADMIN, "password": "not-it"}
    with pytest.raises(SourceError, match="refuses the credentials") as refused:
        list(read_postgresql(LOCAL, connection_to(legacy, table="port.ships"), wrong, None))
    assert "not-it" not in str(refused.value)


def test_an_address_that_is_not_public_is_refused(legacy: Database) -> None:
    credentials = {"username": ADMIN, "password": PASSWORD}
    source = connection_to(legacy, table="port.ships")
    with pytest.raises(SourceError, match="not public"):
        list(read_postgresql(Guard(), source, credentials, None))


def test_a_cursor_with_too_many_values_is_refused(legacy: Database) -> None:
    with pytest.raises(SourceError, match="does not fit"):
        list(pages(connection_to(legacy, table="port.ships"), '["P1", 2, 3]'))
