"""Lookups of the deployed API: strategies, the cache across a load, pages, roles."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.local.stack import Stack
from tests.e2e.client_calls import load
from waybill_client import Waybill

pytestmark = pytest.mark.e2e
_INDEXES = {
    "scan": None,
    "indexed": "idx_users_email",
    "partial": "idx_users_email_active",
    "composite": "idx_users_email_status",
    "cached": "idx_users_email",
}
_FIRST = 970_001
_SHARED = "shared@lookups.example"


def user(number: int, status: str = "active", email: str = "") -> str:
    """A line of a file of users."""
    address = email or f"user{number}@lookups.example"
    return f"{number},{address},User {number},{status},2026-01-01T00:00:00Z\n"


@pytest.fixture(scope="module")
def users(local_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> str:
    """300 users, seven of them with one e-mail address; the URL of the API."""
    lines = [user(_FIRST + number) for number in range(293)]
    lines += [user(_FIRST + 293 + number, email=_SHARED) for number in range(7)]
    api = str(local_stack.status().api)
    with Waybill(api, token=local_stack.issuer().fresh_token) as waybill:
        job = load(waybill, tmp_path_factory.mktemp("users"), "users", "".join(lines))
    assert job["waybill"]["inserted"] == 300
    return api


@pytest.fixture
def reader(users: str, local_stack: Stack) -> Iterator[httpx.Client]:
    """Requests of a reader of users and nothing else."""
    token = local_stack.issuer().token("reader", datasets=["users"])
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=users, headers=headers, timeout=90) as client:
        yield client


def find(client: httpx.Client, strategy: str, number: int) -> dict[str, Any]:
    response = client.get(f"/users/{strategy}", params={"email": f"user{number}@lookups.example"})
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


@pytest.mark.parametrize(("strategy", "index"), _INDEXES.items())
def test_each_strategy_finds_the_row_by_its_index(
    reader: httpx.Client, strategy: str, index: str | None
) -> None:
    found = find(reader, strategy, _FIRST)
    assert found["item"]["id"] == _FIRST
    assert (found["strategy"], found["index"], found["as_declared"]) == (strategy, index, True)
    assert found["rows_found"] == 1
    assert found["rows_scanned"] >= (1 if index else 300)


def test_compare_has_every_strategy(reader: httpx.Client) -> None:
    response = reader.get("/users/compare", params={"email": f"user{_FIRST + 1}@lookups.example"})
    items = {item["strategy"]: item for item in response.json()["items"]}
    assert items.keys() == _INDEXES.keys()
    assert {item["item"]["id"] for item in items.values()} == {_FIRST + 1}
    assert items["indexed"]["rows_scanned"] < items["scan"]["rows_scanned"]


def test_a_cached_row_is_never_older_than_a_completed_job(
    reader: httpx.Client, waybill: Waybill, tmp_path: Path
) -> None:
    number = _FIRST + 2
    for status in ("inactive", "active", "inactive"):
        find(reader, "cached", number)
        assert find(reader, "cached", number)["cache_status"] in ("hit", "bypass")
        load(waybill, tmp_path, "users", user(number, status))
        assert find(reader, "cached", number)["item"]["status"] == status


def test_a_row_that_was_missing_is_found_after_its_load(
    reader: httpx.Client, waybill: Waybill, tmp_path: Path
) -> None:
    number = _FIRST + 500
    assert [find(reader, "cached", number)["item"] for _ in range(2)] == [None, None]
    load(waybill, tmp_path, "users", user(number))
    assert find(reader, "cached", number)["item"]["id"] == number


@pytest.mark.usefixtures("users")
def test_rows_are_listed_in_pages(http: httpx.Client) -> None:
    found, cursor = [], None
    while True:
        page = http.get(
            "/datasets/users/rows",
            params={"email": _SHARED, "limit": 3, **({"cursor": cursor} if cursor else {})},
        ).json()
        found += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == [_FIRST + 293 + number for number in range(7)]


def test_a_reader_lists_rows_of_its_own_datasets_only(reader: httpx.Client) -> None:
    own = reader.get("/datasets/users/rows", params={"email": _SHARED, "limit": 10})
    assert [item["id"] for item in own.json()["items"]][:1] == [_FIRST + 293]
    other = reader.get("/datasets/jobs/rows", params={"job": "a"})
    assert other.status_code == 404
    assert other.json()["type"].endswith("/problems/unknown-dataset")


def test_a_reader_of_other_datasets_finds_no_user_by_any_strategy(
    users: str, local_stack: Stack
) -> None:
    token = local_stack.issuer().token("reader", datasets=["jobs"])
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=users, headers=headers, timeout=90) as client:
        for name in (*_INDEXES, "compare"):
            found = client.get(f"/users/{name}", params={"email": _SHARED})
            assert found.status_code == 403, name
            found = client.get(f"/datasets/users/lookups/{name}", params={"email": _SHARED})
            assert found.status_code == 404, name
        rows = client.get("/datasets/users/rows", params={"email": _SHARED})
        assert rows.status_code == 404


def test_wrong_requests_name_what_is_allowed(reader: httpx.Client) -> None:
    column = reader.get("/datasets/users/rows", params={"status": "active"})
    assert column.status_code == 422
    assert "email" in column.json()["errors"][0]["message"]
    missing = reader.get("/users/indexed")
    assert missing.status_code == 422
    assert missing.json()["errors"][0]["pointer"] == "?email"
    unknown = reader.get("/users/hashed", params={"email": "a"})
    assert unknown.status_code == 404
    assert all(name in unknown.json()["detail"] for name in _INDEXES)
