"""Rows of any dataset by searchable columns, in pages."""

import base64
import json

import pytest

from functions.api.lookups.list_rows import RowCursor
from tests.integration.lookups.conftest import Get, Write
from tests.postgres.databases import Database
from tests.sql.analytics.seed import owner
from waybill.http.pagination import encode_cursor

TABLE = """
    CREATE TABLE berths (
        harbour text, berth integer, kind varchar(6), length_m numeric(20, 10), opened timestamptz,
        PRIMARY KEY (harbour, berth)
    );
    SELECT waybill.register_dataset('berths', searchable => '{kind,length_m,opened}');
    INSERT INTO berths VALUES
        ('Varna', 2, 'quay', 95.1234567891, '2026-01-01T00:00:00Z'),
        ('Varna', 10, 'quay', 40, '2026-01-02T00:00:00Z'),
        ('Bergen', 7, 'quay', 40.0, '2026-01-02T01:00:00+01:00'),
        ('Bergen', 1, 'pier', 40, NULL),
        ('É,"x', 1, 'quay', NULL, NULL)
"""


@pytest.fixture
def berths(database: Database, request: pytest.FixtureRequest) -> Get:
    with owner(database) as connection:
        connection.execute(TABLE.encode())
    # Only now: it publishes the contracts that there are.
    get: Get = request.getfixturevalue("get")
    return get


def keys(get: Get, query: str) -> list[tuple[str, int]]:
    items = get(f"/datasets/berths/rows?{query}").json()["items"]
    return [(item["harbour"], item["berth"]) for item in items]


def test_rows_come_in_the_order_of_the_key(berths: Get) -> None:
    assert keys(berths, "kind=quay") == [
        ("Bergen", 7),
        ("Varna", 2),
        ("Varna", 10),
        ('É,"x', 1),
    ]
    assert keys(berths, "kind=pier&length_m=40.00") == [("Bergen", 1)]
    assert keys(berths, "kind=none") == []


def test_values_are_compared_as_their_columns_type(berths: Get) -> None:
    assert keys(berths, "length_m=4e1") == [("Bergen", 1), ("Bergen", 7), ("Varna", 10)]
    assert keys(berths, "opened=2026-01-02T00:00:00Z") == [("Bergen", 7), ("Varna", 10)]
    # A cast to varchar(6) would cut it to a value that is there.
    assert keys(berths, "kind=quay%20%20%20%20%20%20%20") == []


def test_numbers_keep_every_digit(berths: Get) -> None:
    assert "95.1234567891" in berths("/datasets/berths/rows?length_m=95.1234567891").text


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5])
def test_pages_have_every_row_once(berths: Get, limit: int) -> None:
    url, found = f"/datasets/berths/rows?kind=quay&limit={limit}", []
    cursor: str | None = ""
    while cursor is not None:
        page = berths(url + (f"&cursor={cursor}" if cursor else "")).json()
        found += [(item["harbour"], item["berth"]) for item in page["items"]]
        cursor = page["next_cursor"]
    assert found == keys(berths, "kind=quay")


def test_pages_of_large_rows_are_shorter(berths: Get, database: Database) -> None:
    with owner(database) as connection:
        connection.execute(
            "INSERT INTO berths SELECT repeat(md5(i::text), 20), i, 'large' FROM"
            " generate_series(1, 30) AS i"
        )
        connection.execute("ALTER TABLE berths ADD COLUMN notes text")
        connection.execute("UPDATE berths SET notes = repeat('x', 300000) WHERE kind = 'large'")
    page = berths("/datasets/berths/rows?kind=large&limit=100").json()
    assert 1 < len(page["items"]) < 20
    rest = berths(f"/datasets/berths/rows?kind=large&limit=100&cursor={page['next_cursor']}").json()
    assert rest["items"][0]["harbour"] > page["items"][-1]["harbour"]


def test_another_column_is_refused_with_the_searchable_ones(berths: Get) -> None:
    response = berths("/datasets/berths/rows?harbour=Varna")
    assert response.problem() == (422, "invalid-request")
    assert "kind, length_m, opened" in response.json()["errors"][0]["message"]
    without = berths("/datasets/berths/rows")
    assert without.problem() == (422, "invalid-request")
    assert "kind, length_m, opened" in without.json()["detail"]
    assert berths("/datasets/jobs/rows?job=a").problem() == (422, "invalid-request")
    assert berths("/datasets/nowhere/rows?a=b").problem() == (404, "unknown-dataset")


def test_a_value_of_another_type_is_refused(berths: Get) -> None:
    assert berths("/datasets/berths/rows?length_m=long").problem() == (422, "data-refused")


@pytest.mark.parametrize("cursor", ["x", "eyJrZXkiOlsiYSJdfQ", "eyJrZXkiOlsiYSIsImIiLCJjIl19"])
def test_a_cursor_of_something_else_is_refused(berths: Get, cursor: str) -> None:
    response = berths(f"/datasets/berths/rows?kind=quay&cursor={cursor}")
    assert response.problem() == (400, "bad-cursor")


@pytest.mark.parametrize(
    "berth", ["two", "", "1.5", "99999999999", "1e9", "0x", "9" * 3000, "1'::text) --", "\u2028"]
)
def test_a_cursor_with_a_key_that_the_table_cannot_have_is_refused(berths: Get, berth: str) -> None:
    cursor = encode_cursor(RowCursor(key=("Varna", berth)))
    response = berths(f"/datasets/berths/rows?kind=quay&cursor={cursor}")
    assert response.problem() == (400, "bad-cursor")
    assert response.json()["detail"] == "The cursor is not one of this list."


@pytest.mark.parametrize("key", [r'["Varna\u0000", "1"]', r'["\ud800", "1"]', '["Varna", null]'])
def test_a_cursor_that_is_no_text_of_postgresql_is_refused(berths: Get, key: str) -> None:
    cursor = base64.urlsafe_b64encode(b'{"key": %s}' % key.encode()).decode().rstrip("=")
    response = berths(f"/datasets/berths/rows?kind=quay&cursor={cursor}")
    assert response.problem() == (400, "bad-cursor")


@pytest.mark.usefixtures("users")
def test_users_are_found_by_email(get: Get, write: Write) -> None:
    shared = {"email": "two@example.com", "name": "A", "status": "active",
              "created_at": "2026-01-01T00:00:00Z"}  # fmt: skip
    write("users", {"id": 100_002, **shared}, {"id": 100_001, **shared})
    page = get("/datasets/users/rows?email=two@example.com&limit=1").json()
    assert [item["id"] for item in page["items"]] == [100_001]
    assert json.dumps(page).find("_landed") < 0
