"""Cached figures and 304 responses are never older than the data."""

import json
from functools import partial
from typing import Any

import pytest

from functions.api.analytics.deps import deps
from functions.api.analytics.handler import handle
from tests.postgres.databases import Database
from tests.sql.analytics.seed import mark, owner, refresh
from tests.unit.http.api_client import ApiResponse, call
from waybill.database.analytics import Analytics
from waybill.database.batches import Batches, CheckedRows, IdempotencyKey
from waybill.ids import new_id

QUARTERS = "/analytics/hired/by-quarter?year=2021"
ABOVE = "/analytics/departments/above-average?year=2021"


def get(target: str, tag: str | None = None) -> ApiResponse:
    headers = {"If-None-Match": tag} if tag else {}
    return partial(call, handle, "GET")(target, headers=headers)


def rename_department(database: Database, number: int, name: str) -> None:
    row = {"id": str(number), "department": name}
    with database.connect("api") as connection:
        key = IdempotencyKey(str(new_id()), "departments", "")
        rows = CheckedRows([[0, row, json.dumps(row)]])
        Batches(connection).begin_write(key, new_id(), rows, mode="atomic")()


@pytest.fixture
def reads(company: Database, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A number for each query that reads figures."""
    assert company
    counted: list[int] = []
    original = Analytics.by_quarter

    def by_quarter(self: Analytics, *args: Any, **kwargs: Any) -> Any:
        counted.append(1)
        return original(self, *args, **kwargs)

    monkeypatch.setattr(Analytics, "by_quarter", by_quarter)
    return counted


def test_figures_are_read_once_and_as_of_goes_on(reads: list[int]) -> None:
    first, second = get(QUARTERS).json(), get(QUARTERS).json()
    assert len(reads) == 1
    assert first["items"] == second["items"]
    assert first["as_of"] < second["as_of"]
    assert {**first, "as_of": None} == {**second, "as_of": None}


@pytest.mark.usefixtures("company")
@pytest.mark.parametrize("target", [QUARTERS, ABOVE, f"{QUARTERS}&format=csv&limit=2"])
def test_the_tag_of_a_response_saves_it_the_next_time(target: str) -> None:
    first = get(target)
    tag = first.headers["ETag"]
    second = get(target, tag)
    assert (second.status, second.text, second.headers["ETag"]) == (304, "", tag)
    for other in (f'"x", {tag}', tag.removeprefix("W/"), "*"):
        assert get(target, other).status == 304
    assert (
        get(target, 'W/"other"').text.partition('"as_of"')[0]
        == (first.text.partition('"as_of"')[0])
    )


@pytest.mark.usefixtures("company")
def test_every_request_has_its_own_tag() -> None:
    targets = [QUARTERS, ABOVE, f"{ABOVE}&mean_over=all", f"{QUARTERS}&limit=1",
               f"{QUARTERS}&format=csv", f"{QUARTERS}&format=jsonl",
               QUARTERS.replace("2021", "2020"),
               # Years without figures have the same version of them.
               QUARTERS.replace("2021", "1990"), QUARTERS.replace("2021", "1991")]  # fmt: skip
    assert len({get(target).headers["ETag"] for target in targets}) == len(targets)


def test_a_refresh_makes_new_figures(company: Database, reads: list[int]) -> None:
    before = get(QUARTERS)
    with owner(company) as connection:
        mark(connection, "2021")
        connection.execute("DELETE FROM hired_employees WHERE id = 4")
    assert get(QUARTERS, before.headers["ETag"]).status == 304
    with company.connect("waybill_refresh") as connection:
        refresh(connection, "2021")
    after = get(QUARTERS, before.headers["ETag"])
    assert after.status == 200
    assert after.json()["items"] != before.json()["items"]
    assert len(reads) == 2


def test_a_renamed_department_makes_new_figures(company: Database, reads: list[int]) -> None:
    before = get(QUARTERS)
    rename_department(company, 1, "Zoo")
    after = get(QUARTERS, before.headers["ETag"])
    assert after.status == 200
    assert "Zoo" in after.text
    assert len(reads) == 2


def test_a_refresh_of_another_year_does_not(company: Database) -> None:
    before = get(QUARTERS)
    with owner(company) as connection:
        mark(connection, "2020")
    with company.connect("waybill_refresh") as connection:
        refresh(connection, "2020")
    assert get(QUARTERS, before.headers["ETag"]).status == 304


@pytest.mark.usefixtures("company")
def test_changes_by_others_are_seen_when_entries_expire(
    company: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CACHE_TTL_SECONDS", "0.000001")
    deps.cache_clear()
    before = get(QUARTERS)
    with owner(company) as connection:
        connection.execute("UPDATE departments SET department = 'Zoo' WHERE id = 1")
    assert "Zoo" in get(QUARTERS, before.headers["ETag"]).text


@pytest.mark.usefixtures("company")
def test_a_wrong_request_has_no_tag() -> None:
    response = get("/analytics/hired/by-quarter?year=0")
    assert response.problem() == (422, "invalid-request")
    assert "ETag" not in response.headers
