"""The cached strategy: hits, misses, and what a change does to them."""

from typing import Any

import pytest

from functions.api.lookups.deps import deps
from tests.integration.lookups.conftest import Get, Write
from tests.postgres.databases import Database

pytestmark = pytest.mark.usefixtures("users")
URL = "/users/cached?email=email11@example.com"
USER = {
    "id": 11,
    "email": "email11@example.com",
    "name": "Renamed",
    "status": "active",
    "created_at": "2026-01-01T00:00:00Z",
}


def find(get: Get, url: str = URL) -> dict[str, Any]:
    found: dict[str, Any] = get(url).json()
    return found


def test_the_second_read_needs_no_query(get: Get) -> None:
    first, second = find(get), find(get)
    assert (first["cache_status"], second["cache_status"]) == ("miss", "hit")
    assert (second["db_queries"], second["rows_scanned"], second["buffers"]) == (0, 0, 0)
    assert second["item"] == first["item"]
    assert (second["plan_node"], second["rows_found"]) == (None, 1)


def test_that_a_row_is_missing_is_cached_too(get: Get) -> None:
    url = "/users/cached?email=nobody@example.com"
    assert [find(get, url)["cache_status"] for _ in range(2)] == ["miss", "hit"]
    assert find(get, url)["item"] is None


def test_each_value_has_its_own_entry(get: Get) -> None:
    urls = [URL, f"{URL}&status=active", f"{URL}&status=inactive", "/users/cached?email=x"]
    assert [find(get, url)["cache_status"] for url in urls] == ["miss"] * 4
    assert [find(get, url)["item"] is None for url in urls] == [False, False, True, True]


def test_a_change_is_seen_by_the_next_read(get: Get, write: Write) -> None:
    assert find(get)["item"]["name"] == "User 11"
    write("users", USER)
    changed = find(get)
    assert (changed["item"]["name"], changed["cache_status"]) == ("Renamed", "miss")
    assert find(get)["cache_status"] == "hit"


def test_rows_that_are_added_later_are_found(get: Get, write: Write) -> None:
    url = "/users/cached?email=new@example.com"
    assert find(get, url)["item"] is None
    write("users", {**USER, "id": 900_000, "email": "new@example.com"})
    assert find(get, url)["item"]["id"] == 900_000


def test_unchanged_rows_invalidate_nothing(get: Get, write: Write) -> None:
    write("users", USER)
    find(get)
    write("users", USER)
    assert find(get)["cache_status"] == "hit"


def test_changes_of_another_dataset_invalidate_nothing(get: Get, write: Write) -> None:
    find(get)
    write("jobs", {"id": 1, "job": "Clerk"})
    assert find(get)["cache_status"] == "hit"


def test_a_dataset_that_changes_all_the_time_is_not_cached(get: Get, write: Write) -> None:
    for number in range(4):
        write("users", {**USER, "name": f"Name {number}"})
    reads = [find(get) for _ in range(2)]
    assert [read["cache_status"] for read in reads] == ["bypass", "bypass"]
    assert [read["item"]["name"] for read in reads] == ["Name 3", "Name 3"]


def test_during_a_change_rows_are_read_from_the_database(get: Get, users: Database) -> None:
    with users.connect() as connection, connection.transaction():
        connection.execute("SET LOCAL ROLE waybill_owner")
        connection.execute("SELECT waybill.begin_generation('users')")
        assert find(get)["cache_status"] == "bypass"
    assert find(get)["cache_status"] == "miss"


def test_a_change_waits_until_the_last_lease_has_ended(get: Get, users: Database) -> None:
    find(get)
    with users.connect() as connection:
        connection.execute("SET ROLE waybill_owner")
        ends = connection.execute(
            "SELECT leased_until FROM waybill.data_generations WHERE dataset = 'users'"
        ).fetchone()
        connection.execute("SELECT waybill.begin_generation('users')")
        passed = connection.execute(
            "SELECT clock_timestamp() >= %s, clock_timestamp() < %s + interval '5 seconds'",
            (ends and ends[0], ends and ends[0]),
        ).fetchone()
    assert passed == (True, True)


def test_a_change_takes_no_lease_and_so_keeps_nobody_waiting(users: Database) -> None:
    with users.connect() as connection:
        connection.execute("SET ROLE waybill_owner")
        for _ in range(2):
            connection.execute("SELECT waybill.begin_generation('users')")
        found = connection.execute(
            "SELECT generation, leased_until = '-infinity' FROM waybill.data_generations"
        ).fetchall()
    assert found == [(2, True)]


def test_entries_expire_with_the_setting(get: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CACHE_TTL_SECONDS", "0.000001")
    deps.cache_clear()
    assert [find(get)["cache_status"] for _ in range(2)] == ["miss", "miss"]
