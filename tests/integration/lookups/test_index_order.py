"""Indexes whose columns are in another order than those of the table."""

import json
from typing import Any

import pytest
from psycopg import DatabaseError

from tests.integration.lookups.conftest import Get
from tests.postgres.databases import Database
from tests.sql.analytics.seed import owner

LOOKUPS = {
    "partial": {"columns": ["email"], "where": {"status": "active"}, "index": "members_active"},
    "falling": {"columns": ["email", "status"], "index": "members_email_status"},
    "town": {"columns": ["town"], "index": "members_town"},
}


@pytest.fixture
def members(database: Database) -> Database:
    """Members, of whom half are active."""
    with owner(database) as connection:
        connection.execute(
            "CREATE TABLE members (status text, town text, email text, id bigint PRIMARY KEY);"
            "CREATE INDEX members_active ON members (email) WHERE status = 'active';"
            "CREATE INDEX members_email_status ON members (email DESC, status);"
            "CREATE INDEX members_town ON members (town)"
        )
        connection.execute(
            "INSERT INTO members SELECT CASE i % 2 WHEN 0 THEN 'active' ELSE 'gone' END,"
            " 'town' || i, 'e' || i, i FROM generate_series(1, 2000) AS i"
        )
        register(connection, LOOKUPS)
    with database.connect() as connection:
        connection.execute("SET ROLE waybill_owner")
        connection.execute("ANALYZE members")
    return database


def register(connection: Any, lookups: dict[str, Any]) -> None:
    """Register the table with these strategies."""
    connection.execute(
        "SELECT waybill.register_dataset('members', lookups => %s)", (json.dumps(lookups),)
    )


@pytest.fixture
def find(members: Database, get: Get) -> Get:
    """Requests to the function, after the members are there."""
    assert members
    return get


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("partial?email=e8", "members_active"),
        ("falling?email=e8&status=active", "members_email_status"),
        ("town?town=town8", "members_town"),
    ],
)
def test_the_plan_uses_the_declared_index(find: Get, query: str, index: str) -> None:
    found = find(f"/datasets/members/lookups/{query}").json()
    assert found["item"]["id"] == 8
    assert (found["index"], found["as_declared"], found["rows_scanned"]) == (index, True, 1)


def test_strategies_of_other_columns_are_left_out_of_a_comparison(find: Get) -> None:
    items = find("/datasets/members/lookups/compare?town=town8").json()["items"]
    assert [(item["strategy"], item["item"]["id"]) for item in items] == [("town", 8)]


def test_an_index_that_begins_with_another_column_is_refused(members: Database) -> None:
    # The table has `status` before `email`.
    wrong = {"status": {"columns": ["status"], "index": "members_email_status"}}
    with owner(members) as connection, pytest.raises(DatabaseError, match="begins with one of"):
        register(connection, wrong)
