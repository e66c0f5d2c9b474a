"""GET /admin/queries, on a server that counts its statements."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from functions.api.queries.deps import deps
from functions.api.queries.handler import handle
from tests.postgres.databases import Connection, Database
from tests.sql.analytics.seed import owner
from tests.unit.http.api_client import ApiResponse, call
from waybill.database.query_costs import enable_query_statistics

Get = Callable[[str], ApiResponse]


@pytest.fixture
def admin(database: Database) -> Iterator[Connection]:
    with database.connect() as connection:
        yield connection


@pytest.fixture
def get(database: Database, environment_of: Callable[[Database, str], None]) -> Iterator[Get]:
    environment_of(database, "waybill_queries")
    deps.cache_clear()
    yield partial(call, handle, "GET")
    deps().database.close()
    deps.cache_clear()


def report(get: Get, query: str = "") -> dict[str, Any]:
    response = get(f"/admin/queries{query}")
    assert response.status == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def test_statements_are_counted_without_their_values(
    database: Database, admin: Connection, get: Get
) -> None:
    assert enable_query_statistics(admin)
    with database.connect("waybill_analytics") as connection:
        for name in ("secret one", "secret two"):
            connection.execute(f"SELECT * FROM departments WHERE department = '{name}'".encode())
    items = report(get, "?limit=500")["items"]
    (found,) = (item for item in items if "FROM departments WHERE department" in item["query"])
    assert (found["role"], found["calls"], found["rows"]) == ("waybill_analytics", 2, 0)
    assert found["max_ms"] >= found["mean_ms"] > 0
    assert "secret" not in str(items)


def test_statements_that_hold_secrets_are_not_shown(admin: Connection, get: Get) -> None:
    enable_query_statistics(admin)
    admin.execute("SET ROLE waybill_owner; SET application_name TO 'secret application'")
    admin.execute("RESET ROLE")
    assert "secret application" not in str(report(get, "?limit=500"))


def test_the_costliest_come_first_and_as_many_as_the_limit(admin: Connection, get: Get) -> None:
    enable_query_statistics(admin)
    admin.execute("SELECT count(*) FROM generate_series(1, 300000)")
    totals = [item["total_ms"] for item in report(get)["items"]]
    assert totals == sorted(totals, reverse=True)
    assert len(report(get, "?limit=2")["items"]) == 2
    assert get("/admin/queries?limit=0").problem() == (422, "invalid-request")


def test_indexes_that_nobody_used_are_listed(database: Database, get: Get) -> None:
    with owner(database) as connection:
        connection.execute("CREATE INDEX unused_one ON departments (department)")
        connection.execute("CREATE UNIQUE INDEX needed ON departments (id, department)")
    unused = report(get)["unused_indexes"]
    assert ("departments", "public.departments", "unused_one") in {
        (each["dataset"], each["table"], each["index"]) for each in unused
    }
    assert "needed" not in {each["index"] for each in unused}
    assert all(each["size_bytes"] > 0 for each in unused if each["index"] == "unused_one")
    with owner(database) as connection:
        connection.execute("SET enable_seqscan TO off")
        connection.execute("SELECT * FROM departments WHERE department = 'x'")
        connection.execute("SELECT pg_stat_force_next_flush()")
    assert "unused_one" not in {each["index"] for each in report(get)["unused_indexes"]}


def test_without_permission_the_extension_is_left_out(
    empty_database: Database,
) -> None:
    with empty_database.connect() as connection:
        assert not enable_query_statistics(connection)
        assert connection.execute("SELECT 1").fetchone() == (1,)
