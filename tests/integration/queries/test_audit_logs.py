"""GET /audit-logs: who did what, newest first."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from functions.api.queries.deps import deps
from functions.api.queries.handler import handle
from functions.api.queries.models import AuditPage
from tests.postgres.databases import Database
from tests.unit.http.api_client import ApiResponse, call
from waybill.ids import new_id

Get = Callable[[str], ApiResponse]


@pytest.fixture
def get(database: Database, environment_of: Callable[[Database, str], None]) -> Iterator[Get]:
    environment_of(database, "waybill_queries")
    deps.cache_clear()
    yield partial(call, handle, "GET")
    deps().database.close()
    deps.cache_clear()


@pytest.fixture(autouse=True)
def _entries(database: Database) -> None:
    with database.connect("waybill_plan") as plan:
        for number in range(5):
            plan.execute(
                "SELECT set_config('waybill.principal', %s, false)", (f"person {number % 2}",)
            )
            plan.execute(
                "SELECT waybill.register_ticket(%s, 'departments', %s, 1, '{}', now(), now())",
                (new_id(), f"{number}.csv"),
            )


def page(get: Get, query: str = "") -> dict[str, Any]:
    response = get(f"/audit-logs{query}")
    assert response.status == 200, response.text
    found: dict[str, Any] = response.json()
    AuditPage.model_validate(found)
    return found


def test_pages_have_every_entry_once_the_newest_first(get: Get) -> None:
    whole = page(get)["items"]
    assert [entry["actor"] for entry in whole] == [f"person {n}" for n in (0, 1, 0, 1, 0)]
    assert {entry["action"] for entry in whole} == {"job.created"}
    assert {entry["dataset"] for entry in whole} == {"departments"}
    paged, cursor = [], ""
    while True:
        found = page(get, f"?limit=2{cursor}")
        paged += found["items"]
        if found["next_cursor"] is None:
            break
        cursor = f"&cursor={found['next_cursor']}"
    assert paged == whole


def test_entries_are_found_by_actor_and_action(get: Get) -> None:
    assert len(page(get, "?actor=person%201")["items"]) == 2
    assert len(page(get, "?action=job.created")["items"]) == 5
    assert page(get, "?action=job.cancelled")["items"] == []


def test_a_forged_cursor_is_refused(get: Get) -> None:
    assert get("/audit-logs?cursor=e30").problem() == (400, "bad-cursor")
