"""Lists of jobs, their runs and their pending records: pages, filters and cursors."""

import base64
import json
from typing import Any
from uuid import UUID

import pytest

from functions.api.jobs.models import JobPage, RunPage
from tests.sql.staging import Ledger
from tests.unit.jobs.conftest import DEPARTMENTS, Ask


def pages(ask: Ask, target: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = ask("GET", f"{target}{cursor}").json()
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        cursor = f"&cursor={page['next_cursor']}"


def test_jobs_are_listed_newest_first_page_by_page(ask: Ask, ledger: Ledger) -> None:
    made = [str(ledger.land("departments", second)) for second in range(5)]
    listed = pages(ask, "/jobs?limit=2")
    assert [job["job_id"] for job in listed] == sorted(made, reverse=True)
    JobPage.model_validate(ask("GET", "/jobs").json())


def test_jobs_are_filtered(ask: Ask, ledger: Ledger) -> None:
    landed = ledger.land("jobs", 0)
    done = ledger.load("departments", 1, DEPARTMENTS)
    for query, expected in (
        ("dataset=jobs", [landed]),
        ("state=COMPLETED", [done]),
        ("dataset=jobs&state=COMPLETED", []),
        ("dataset=nowhere", []),
    ):
        listed = ask("GET", f"/jobs?{query}").json()["items"]
        assert [UUID(job["job_id"]) for job in listed] == expected, query


def test_wrong_filters_are_refused(ask: Ask) -> None:
    for query in ("state=DONE", "limit=0", "limit=501", "dataset=A%27--", "page=2"):
        assert ask("GET", f"/jobs?{query}").problem() == (422, "invalid-request")


def test_a_cursor_of_another_list_is_refused(ask: Ask, ledger: Ledger) -> None:
    job = ledger.land("departments", 0)
    ledger.land("departments", 1)
    cursor = ask("GET", "/jobs?limit=1").json()["next_cursor"]
    for path in ("rejects", "runs", "pending"):
        response = ask("GET", f"/jobs/{job}/{path}?cursor={cursor}")
        assert response.problem() == (400, "bad-cursor")
    assert ask("GET", "/jobs?cursor=x").problem() == (400, "bad-cursor")


def test_runs_are_listed_in_order(ask: Ask, ledger: Ledger) -> None:
    job = ledger.land("departments", 0)
    assert ask("GET", f"/jobs/{job}/runs").json() == {"items": [], "next_cursor": None}
    for outcome in ("retry", "ok"):
        (run,) = ledger.loader.execute(
            "SELECT waybill.start_run(%s, 'load', 0)", (job,)
        ).fetchone() or (None,)
        problem = '{"type": "database-busy"}' if outcome == "retry" else None
        ledger.loader.execute("SELECT waybill.end_run(%s, %s, %s)", (run, outcome, problem))
    runs = pages(ask, f"/jobs/{job}/runs?limit=1")
    RunPage.model_validate({"items": runs, "next_cursor": None})
    assert [(run["attempt"], run["outcome"]) for run in runs] == [(1, "retry"), (2, "ok")]
    assert runs[0]["error"]["type"].endswith("/problems/database-busy")


def test_pending_records_are_listed(ask: Ask, ledger: Ledger) -> None:
    hired = [(str(n), f"N{n}", "2021-01-01T00:00:00Z", "7", None) for n in (1, 2)]
    job = ledger.load("hired_employees", 0, hired)
    pending = pages(ask, f"/jobs/{job}/pending?limit=1")
    assert [record["line"] for record in pending] == [1, 2]
    assert pending[0]["errors"][0]["column"] == "department_id"


def test_long_pending_records_make_short_pages(ask: Ask, ledger: Ledger) -> None:
    job = ledger.land("hired_employees", 0)
    for line, count in enumerate([400_000, 400_000, 400_000, 9_000_000, 1], 1):
        ledger.admin.execute(
            "INSERT INTO waybill.pending_references (job_id, line, record, missing)"
            " VALUES (%s, %s, %s, %s)",
            (job, line, json.dumps({"name": '"' * count}), json.dumps({"table": "departments"})),
        )
    seen: list[tuple[int, bool]] = []
    cursor: str | None = ""
    while cursor is not None:
        response = ask("GET", f"/jobs/{job}/pending?limit=1000{cursor and '&cursor='}{cursor}")
        assert len(json.dumps(response.text, ensure_ascii=False).encode()) < 5_500_000
        page = response.json()
        seen += [(item["line"], item.get("truncated", False)) for item in page["items"]]
        cursor = page["next_cursor"]
    assert seen == [(1, False), (2, False), (3, False), (4, True), (5, False)]


FORGED = [{"run": -1}, {"run": 2**63}, {"line": 2**63}, {"line": -1}, {"run": "x"}, {},
          {"line": 1, "reject_id": "x"}, {"line": 2**70, "reject_id": str(UUID(int=1))},
          {"job_id": "\0"}]  # fmt: skip


@pytest.mark.parametrize("forged", FORGED)
def test_a_forged_cursor_is_a_bad_request(
    ask: Ask, ledger: Ledger, forged: dict[str, object]
) -> None:
    job = ledger.land("departments", 0)
    cursor = base64.urlsafe_b64encode(json.dumps(forged).encode()).decode().rstrip("=")
    for path in ("/jobs", f"/jobs/{job}/rejects", f"/jobs/{job}/runs", f"/jobs/{job}/pending"):
        response = ask("GET", f"{path}?cursor={cursor}")
        assert response.problem() == (400, "bad-cursor")
