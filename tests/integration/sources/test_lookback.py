"""Rows that a long transaction commits late are read by a source with `lookback`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pymysql
import pytest

from infra.local.bootstrap import ADMIN
from tests.cloud.fixtures import Cloud
from tests.integration.sources import mariadb_server
from tests.integration.sources.conftest import Api
from tests.integration.sources.mariadb_server import MariaDb
from tests.integration.sources.runs import run_through
from tests.integration.sources.test_killed_runs import created, table
from tests.integration.sources.test_runs import ids, job, started
from tests.postgres.databases import PASSWORD, Connection, Database

_SOON, _LATER = "2026-03-01 10:00:00", "2026-03-01 10:05:00"
Legacy = tuple[dict[str, Any], Callable[[], Any]]


@pytest.fixture
def postgresql(empty_database: Database, secret: Callable[..., str]) -> Legacy:
    arn = secret(username=ADMIN, password=PASSWORD)
    place = table(empty_database.port, empty_database.name, engine="postgresql", secret_arn=arn)
    return place, lambda: psycopg.connect(empty_database.dsn_for())


@pytest.fixture
def mysql(mariadb: MariaDb, secret: Callable[..., str]) -> Legacy:
    user, password = mariadb_server.USER, mariadb_server.PASSWORD
    place = table(
        mariadb.port, "legacy", engine="mysql", secret_arn=secret(username=user, password=password)
    )
    return place, lambda: pymysql.connect(
        host="127.0.0.1", port=mariadb.port, user=user, password=password, database="legacy"
    )


@contextmanager
def writing(connect: Callable[[], Any], *statements: str) -> Iterator[None]:
    """A transaction that has these statements, and is committed at the end of the block."""
    connection = connect()
    try:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
        yield
        connection.commit()
    finally:
        connection.close()


def insert(number: int, changed: str) -> str:
    return f"INSERT INTO wards VALUES ({number}, 'Ward {number}', '{changed}')"


@pytest.mark.usefixtures("ignore_unknown")
@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_a_row_that_was_committed_late_is_loaded(
    request: pytest.FixtureRequest, api: Api, cloud: Cloud, admin: Connection, kind: str
) -> None:
    place, connect = request.getfixturevalue(kind)
    made = "CREATE TABLE wards (id bigint PRIMARY KEY, department text, changed timestamp(6))"
    with writing(connect, "DROP TABLE IF EXISTS wards", made, insert(1, _SOON), insert(3, _LATER)):
        pass
    source_id = created(api, "database", {**place, "lookback": 600})

    def run() -> dict[str, Any]:
        job_id = started(api, source_id)
        run_through(cloud)
        return job(admin, job_id)

    with writing(connect, insert(2, _SOON)):
        run()
        assert ids(admin) == [1, 3]
    counts = run()["waybill"]
    assert (counts["inserted"], counts["unchanged"]) == (1, 2)
    assert ids(admin) == [1, 2, 3]
    cursor = api("GET", f"/data-sources/{source_id}").json()["cursor"]
    # The cursor stays where it is, without rows and without the last one.
    with writing(connect, "DELETE FROM wards WHERE id = 3"):
        pass
    for statement in ("SELECT 1", "DELETE FROM wards"):
        with writing(connect, statement):
            pass
        assert run()["state"] in ("COMPLETED", "DUPLICATE")
        assert api("GET", f"/data-sources/{source_id}").json()["cursor"] == cursor
    assert ids(admin) == [1, 2, 3]


def test_a_dataset_that_appends_is_refused(api: Api, admin: Connection, postgresql: Legacy) -> None:
    place, _ = postgresql
    admin.execute("SET ROLE waybill_owner")
    admin.execute("CREATE TABLE public.tides (id bigint, level integer)")
    admin.execute("SELECT waybill.register_dataset('tides', write_disposition => 'append')")
    source = {"name": "tides", "kind": "database", "dataset": "tides"}
    response = api("POST", "/data-sources", {**source, "connection": {**place, "lookback": 600}})
    assert (response.status, "does not merge" in response.text) == (422, True)
    incremental = {"field": "at", "parameter": "since", "lookback": 600}
    connection = {"url": "https://tides.example/v1", "incremental": incremental}
    response = api("POST", "/data-sources", {**source, "kind": "rest", "connection": connection})
    assert (response.status, "does not merge" in response.text) == (422, True)
    assert api("POST", "/data-sources", {**source, "connection": place}).status == 201
