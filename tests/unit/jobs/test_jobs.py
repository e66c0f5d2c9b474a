"""One job: its state, a wait for its end, its cancellation."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from functions.api.jobs.deps import deps
from functions.api.jobs.models import Job
from tests.sql.staging import Ledger
from tests.unit.jobs.awaiting_uploads import issue_ticket
from tests.unit.jobs.conftest import DEPARTMENTS, Ask
from waybill.database.waits import Waits

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def test_a_finished_job_has_its_waybill(ask: Ask, ledger: Ledger) -> None:
    job = ledger.load("departments", 0, DEPARTMENTS)
    response = ask("GET", f"/jobs/{job}")
    assert response.status == 200
    shown = Job.model_validate(response.json())
    assert (shown.state, shown.dataset, shown.source.kind) == ("COMPLETED", "departments", "s3")
    assert shown.waybill is not None
    assert (shown.waybill.read, shown.waybill.inserted) == (2, 2)
    assert shown.progress.chunks_done == shown.progress.chunks_total == 1
    assert list(response.json())[:3] == ["job_id", "dataset", "state"]
    assert list(response.json()["waybill"])[:2] == ["read", "inserted"]
    assert "rejects_url" not in response.json()
    assert "error" not in response.json()
    assert ask("GET", f"/task/{job}").json() == response.json()


def test_a_job_with_rejects_has_their_url(ask: Ask, ledger: Ledger) -> None:
    job = ledger.land("departments", 0)
    ledger.admin.execute("SET ROLE waybill_owner")
    ledger.admin.execute(
        "UPDATE waybill.ingestion_jobs SET read = 1, rejected = 1 WHERE job_id = %s", (job,)
    )
    shown = ask("GET", f"/jobs/{job}").json()
    assert shown["rejects_url"] == f"https://api.example.com/v1/jobs/{job}/rejects"
    assert ask("GET", "/jobs").json()["items"] == [shown]


def test_a_failed_job_has_a_problem(ask: Ask, ledger: Ledger) -> None:
    job = ledger.land("departments", 0)
    problem = '{"type": "empty-file", "title": "x", "detail": "The file has no bytes."}'
    ledger.loader.execute("SELECT waybill.fail_job(%s, %s)", (job, problem))
    error = ask("GET", f"/jobs/{job}").json()["error"]
    assert error["type"].endswith("/problems/empty-file")
    assert (error["title"], error["detail"]) == ("Empty file", "The file has no bytes.")


def test_a_requested_upload_is_awaited_and_then_expires(ask: Ask, aws: "S3Client") -> None:
    awaited = ask("GET", f"/jobs/{issue_ticket(aws)}")
    shown = Job.model_validate(awaited.json())
    assert (shown.state, shown.source.size_bytes) == ("AWAITING_UPLOAD", 9)
    assert datetime.fromisoformat(awaited.json()["expires_at"]).tzinfo is not None
    expired = issue_ticket(aws, minutes_left=-1)
    assert ask("GET", f"/jobs/{expired}?wait=20").json()["state"] == "EXPIRED"


@pytest.mark.parametrize("job", ["no-id", str(UUID(int=0)), "ä"])
def test_an_unknown_job_is_not_found(ask: Ask, job: str) -> None:
    for path in ("", "/rejects", "/runs", "/pending"):
        assert ask("GET", f"/jobs/{job}{path}").problem() == (404, "unknown-job")
    assert ask("DELETE", f"/jobs/{job}").problem() == (404, "unknown-job")


def test_a_wait_ends_with_the_job(ask: Ask, ledger: Ledger) -> None:
    job = ledger.land("departments", 0)
    end = threading.Timer(
        0.4, ledger.loader.execute, ('SELECT waybill.fail_job(%s, \'{"type": "x"}\')', (job,))
    )
    end.start()
    assert ask("GET", f"/jobs/{job}?wait=10").json()["state"] == "FAILED"
    end.join()


def test_a_wait_times_out(ask: Ask, ledger: Ledger) -> None:
    job = ledger.land("departments", 0)
    assert ask("GET", f"/jobs/{job}?wait=1").json()["state"] == "LANDED"


def test_a_wait_without_a_place_is_answered_at_once(
    ask: Ask, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAITS_AT_ONCE", "1")
    deps.cache_clear()
    job = ledger.land("departments", 0)
    with waiting_elsewhere(ledger):
        response = ask("GET", f"/jobs/{job}?wait=25")
        assert (response.status, response.json()["state"]) == (200, "LANDED")
        assert response.headers["Retry-After"] == "1"
    assert "Retry-After" not in ask("GET", f"/jobs/{job}?wait=1").headers


@contextmanager
def waiting_elsewhere(ledger: Ledger) -> Iterator[None]:
    """Another process waits for a job, and takes the only place."""
    assert Waits(ledger.api).begin("job", "other", per_client=1, total=1)
    yield
    Waits(ledger.api).end()


def test_a_wait_has_bounds(ask: Ask) -> None:
    for query in ("wait=26", "wait=-1", "wait=x", "watt=1"):
        assert ask("GET", f"/jobs/{uuid4()}?{query}").problem() == (422, "invalid-request")


def test_a_running_job_is_cancelled_once(ask: Ask, ledger: Ledger) -> None:
    job = ledger.land("departments", 0)
    response = ask("DELETE", f"/jobs/{job}")
    assert (response.status, response.json()) == (202, {"job_id": str(job), "state": "CANCELLED"})
    assert ask("GET", f"/jobs/{job}").json()["state"] == "CANCELLED"
    assert ask("DELETE", f"/jobs/{job}").problem() == (409, "job-ended")


def test_an_ended_job_is_not_cancelled(ask: Ask, ledger: Ledger) -> None:
    job = ledger.load("departments", 0, DEPARTMENTS)
    assert ask("DELETE", f"/jobs/{job}").problem() == (409, "job-ended")


def test_an_awaited_upload_is_cancelled(ask: Ask, aws: "S3Client") -> None:
    job = issue_ticket(aws)
    assert ask("DELETE", f"/jobs/{job}").status == 202
    assert ask("GET", f"/jobs/{job}").json()["state"] == "CANCELLED"


def test_without_the_database_the_response_has_retry_after(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    deps.cache_clear()
    monkeypatch.setenv("DATABASE_PORT", "1")
    monkeypatch.setattr("waybill.http.persistent_connection._PATIENCE_SECONDS", 0.1)
    for method, target in (("GET", f"/jobs/{uuid4()}"), ("GET", "/jobs")):
        response = ask(method, target)
        assert response.problem() == (503, "database-unavailable")
        assert response.headers["Retry-After"] == "5"


def test_a_run_does_not_show_the_text_of_an_unexpected_error(ask: Ask, ledger: Ledger) -> None:
    job = ledger.land("departments", 0)
    problem = {"type": "unexpected", "title": "E", "detail": "OSError('/secret/path')"}
    ((run_id,),) = ledger.rows("SELECT waybill.start_run(%s, 'plan', NULL)", job)
    ledger.rows("SELECT waybill.end_run(%s, 'retry', %s)", run_id, json.dumps(problem))
    response = ask("GET", f"/jobs/{job}/runs")
    (run,) = response.json()["items"]
    assert run["error"]["type"].endswith("/internal-error")
    assert "secret" not in response.text
