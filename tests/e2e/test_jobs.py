"""Jobs over HTTP: waiting, lists, runs, cancellation."""

from pathlib import Path

import httpx
import psycopg
import pytest

from functions.api.jobs.models import Source
from infra.local.status import Status
from tests.e2e.client_calls import accept, ended, load, post_form
from waybill_client import ProblemError, Waybill

pytestmark = pytest.mark.e2e
_CONTENT = b"9601,Never\n"


def test_a_long_poll_returns_at_its_timeout_or_when_the_job_ends(http: httpx.Client) -> None:
    accepted = accept(http, "departments", b"9611,Poll\n")
    waiting = http.get(f"/jobs/{accepted['job_id']}?wait=1").json()
    assert waiting["state"] == "AWAITING_UPLOAD"
    post_form(accepted, b"9611,Poll\n")
    done = http.get(f"/jobs/{accepted['job_id']}?wait=25", timeout=90).json()
    assert done["state"] == "COMPLETED"
    assert http.get(f"/task/{accepted['job_id']}").json() == done


def test_a_job_shows_its_progress(waybill: Waybill, tmp_path: Path) -> None:
    job = load(waybill, tmp_path, "departments", "9612,A\n9613,B\n")
    progress = job["progress"]
    assert (progress["bytes_read"], progress["bytes_total"]) == (14, 14)
    assert (progress["records_read"], progress["chunks_done"], progress["chunks_total"]) == (
        2,
        1,
        1,
    )
    assert set(job["source"]) == set(Source.model_fields)
    assert job["waybill"]["seconds"] >= 0


def test_lists_are_filtered_and_paged(http: httpx.Client, waybill: Waybill, tmp_path: Path) -> None:
    for number in range(3):
        load(waybill, tmp_path, "jobs", f"96{number},Clerk\n")
    listed = http.get("/jobs", params={"dataset": "jobs", "limit": 2}).json()
    assert [len(listed["items"]), bool(listed["next_cursor"])] == [2, True]
    cursor = {"dataset": "jobs", "limit": 2, "cursor": listed["next_cursor"]}
    more = http.get("/jobs", params=cursor).json()
    ids = [job["job_id"] for job in (*listed["items"], *more["items"])]
    assert ids == sorted(set(ids), reverse=True)
    done = http.get("/jobs", params={"dataset": "jobs", "state": "COMPLETED"}).json()
    assert {(job["dataset"], job["state"]) for job in done["items"]} == {("jobs", "COMPLETED")}


def test_runs_list_the_steps(http: httpx.Client, waybill: Waybill, tmp_path: Path) -> None:
    job = load(waybill, tmp_path, "departments", "9614,Runs\n")
    runs = http.get(f"/jobs/{job['job_id']}/runs").json()["items"]
    assert {run["step"] for run in runs} == {"plan", "load", "merge"}
    assert {run["outcome"] for run in runs} == {"ok"}
    assert all(run["started_at"] <= run["finished_at"] for run in runs)


def test_pending_records_are_shown(http: httpx.Client, waybill: Waybill, tmp_path: Path) -> None:
    orphan = "9615,Ada,2035-01-01T00:00:00Z,987654,\n"
    job = load(waybill, tmp_path, "hired_employees", orphan)
    (pending,) = http.get(f"/jobs/{job['job_id']}/pending").json()["items"]
    assert pending["line"] == 1


def test_a_cancelled_job_leaves_no_rows_and_ignores_a_late_file(
    http: httpx.Client, waybill: Waybill, tmp_path: Path, stack: Status
) -> None:
    accepted = accept(http, "departments", _CONTENT)
    response = http.delete(f"/jobs/{accepted['job_id']}")
    assert response.status_code == 202
    assert post_form(accepted, _CONTENT).is_success
    # What landed after it is through, so it would be too.
    load(waybill, tmp_path, "departments", "9602,After\n")
    assert waybill.job(accepted["job_id"])["state"] == "CANCELLED"
    with psycopg.connect(str(stack.database_url)) as database:
        assert not database.execute("SELECT FROM departments WHERE id = 9601").fetchall()


def test_an_ended_job_stays_as_it_is_when_cancelled(waybill: Waybill, tmp_path: Path) -> None:
    job = load(waybill, tmp_path, "departments", "9603,Kept\n")
    with pytest.raises(ProblemError) as refused:
        waybill.cancel(job["job_id"])
    assert (refused.value.status, refused.value.code) == (409, "job-ended")
    assert ended(waybill, job["job_id"])["state"] == "COMPLETED"
