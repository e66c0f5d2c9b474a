"""Each strategy uses its declared index and reports its cost."""

from typing import Any

import pytest

from tests.integration.lookups.conftest import USERS, Get
from tests.postgres.databases import Database
from tests.sql.analytics.seed import owner

INDEXES = {
    "scan": None,
    "indexed": "idx_users_email",
    "partial": "idx_users_email_active",
    "composite": "idx_users_email_status",
    "cached": "idx_users_email",
}
ACTIVE = {
    "id": 11,
    "name": "User 11",
    "email": "email11@example.com",
    "status": "active",
    "created_at": "2026-01-01T00:00:00+00:00",
}
pytestmark = pytest.mark.usefixtures("users")


def find(get: Get, strategy: str, query: str = "email=email11@example.com") -> dict[str, Any]:
    response = get(f"/users/{strategy}?{query}")
    assert response.status == 200, response.text
    found: dict[str, Any] = response.json()
    return found


@pytest.mark.parametrize(("strategy", "index"), INDEXES.items())
def test_the_plan_uses_the_declared_index(get: Get, strategy: str, index: str | None) -> None:
    found = find(get, strategy)
    assert found["item"] == ACTIVE
    assert found["strategy"] == strategy
    assert (found["index"], found["as_declared"]) == (index, True)
    assert found["plan_node"] == ("Index Scan" if index else "Seq Scan")
    assert (found["rows_scanned"], found["rows_found"]) == (1 if index else USERS, 1)
    assert found["buffers"] > 0
    assert found["db_queries"] == (2 if strategy == "cached" else 1)
    assert min(found["planning_ms"], found["execution_ms"], found["query_time_ms"]) > 0


@pytest.mark.parametrize("rebuilt", [name for name in INDEXES.values() if name])
def test_the_plan_stays_when_an_index_is_built_again(
    get: Get, users: Database, rebuilt: str
) -> None:
    # The planner takes the newest of several indexes at the same cost.
    with owner(users) as connection:
        connection.execute(f"REINDEX INDEX CONCURRENTLY {rebuilt}".encode())
    used = {strategy: find(get, strategy)["index"] for strategy in INDEXES}
    assert used == INDEXES


@pytest.mark.parametrize("strategy", INDEXES)
def test_a_missing_value_is_null(get: Get, strategy: str) -> None:
    found = find(get, strategy, "email=nobody@example.com")
    assert (found["item"], found["rows_found"]) == (None, 0)


@pytest.mark.parametrize("strategy", ["scan", "indexed", "composite", "cached"])
def test_a_status_filters(get: Get, strategy: str) -> None:
    inactive = find(get, strategy, "email=email9@example.com&status=inactive")
    assert (inactive["item"]["id"], inactive["index"]) == (9, INDEXES[strategy])
    assert find(get, strategy, "email=email9@example.com&status=active")["item"] is None


def test_composite_and_partial_find_active_users_by_default(get: Get) -> None:
    for strategy in ("composite", "partial"):
        assert find(get, strategy, "email=email9@example.com")["item"] is None
    assert find(get, "indexed", "email=email9@example.com")["item"]["id"] == 9


def test_compare_runs_every_strategy(get: Get) -> None:
    items = get("/users/compare?email=email11@example.com").json()["items"]
    assert {item["strategy"]: item["index"] for item in items} == INDEXES
    assert all(item["item"] == ACTIVE for item in items)
    assert get("/datasets/users/lookups/compare?email=email11@example.com").status == 200


def test_compare_leaves_out_what_the_given_columns_do_not_fit(get: Get) -> None:
    items = get("/users/compare?email=email9@example.com&status=inactive").json()["items"]
    assert {item["strategy"] for item in items} == INDEXES.keys() - {"partial"}
    assert {item["item"]["status"] for item in items} == {"inactive"}
    assert get("/users/compare?name=a").problem() == (422, "invalid-request")


def test_a_strategy_is_forced_for_its_own_statement_only(users: Database) -> None:
    settings = ("enable_seqscan", "enable_indexscan", "enable_bitmapscan", "enable_sort", "jit")
    with users.connect("waybill_lookups") as connection, connection.transaction():

        def shown() -> list[Any]:
            return [connection.execute(f"SHOW {name}".encode()).fetchone() for name in settings]

        before = shown()
        for strategy in INDEXES:
            connection.execute(
                "SELECT waybill.look_up('users', %s, %s, false)",
                (strategy, '{"email": "email11@example.com"}'),
            )
            assert shown() == before
        found = connection.execute("SELECT current_setting('waybill.found')").fetchone()
        assert found == ("",)


def test_a_value_is_a_value_and_never_sql(get: Get) -> None:
    for value in ("'%20OR%20true--", "%25", "%5C'", "a%22b"):
        for strategy in ("scan", "composite"):
            assert find(get, strategy, f"email={value}")["item"] is None


@pytest.mark.parametrize(
    ("query", "pointer", "code"),
    [
        ("", "?email", "missing-parameter"),
        ("email=a&name=b", "?name", "unknown-parameter"),
        ("email=a&email=b", "?email", "repeated-parameter"),
        ("email=a%00b", "?email", "invalid-value"),
    ],
)
def test_wrong_parameters_are_named(get: Get, query: str, pointer: str, code: str) -> None:
    response = get(f"/users/indexed?{query}")
    assert response.problem() == (422, "invalid-request")
    error = response.json()["errors"][0]
    assert (error["pointer"], error["code"]) == (pointer, code)


def test_a_value_outside_the_partial_index_is_refused(get: Get) -> None:
    response = get("/users/partial?email=a&status=inactive")
    assert response.problem() == (422, "invalid-request")
    assert find(get, "partial", "email=email11@example.com&status=active")["item"] == ACTIVE


def test_an_unknown_strategy_is_404_and_the_known_ones_are_listed(get: Get) -> None:
    response = get("/users/hashed?email=a")
    assert response.problem() == (404, "unknown-path")
    assert all(name in response.json()["detail"] for name in INDEXES)
    assert get("/datasets/jobs/lookups/scan?job=a").problem() == (404, "unknown-path")
    assert get("/datasets/jobs/lookups/compare?job=a").problem() == (404, "unknown-path")
    assert get("/datasets/nowhere/lookups/scan?a=b").problem() == (404, "unknown-dataset")
