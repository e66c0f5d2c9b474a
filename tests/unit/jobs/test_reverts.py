"""POST /jobs/{id}/revert: done within the wait, accepted, or refused with the rows."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import boto3
import pytest

from functions.api.jobs.models import Job
from functions.api.jobs.revert_models import JobReverted, RevertAccepted
from tests.postgres.databases import Database
from tests.sql.staging import Ledger
from tests.unit.http.api_client import REGION
from tests.unit.jobs.conftest import Ask
from waybill.database.merges import Merges
from waybill.errors import Conflict

BY_HAND = "The row (id = 1) was changed by a statement outside of Waybill."
Take = Callable[[], list[Any]]


@pytest.fixture
def take(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> Take:
    """The messages that were sent to the queue of the merges; they are gone then."""
    assert ask
    sqs = boto3.client("sqs", region_name=REGION)
    url = sqs.create_queue(QueueName="merges")["QueueUrl"]
    monkeypatch.setenv("MERGES_QUEUE_URL", url)

    def taken() -> list[Any]:
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in found:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(message["Body"]) for message in found]

    return taken


def revert(database: Database, job: UUID) -> None:
    """As the function `merge` does it."""
    with database.connect("waybill_merge") as connection:
        merges = Merges(connection)
        try:
            merges.revert(job)
        except Conflict as refusal:
            merges.refuse_revert(job, refusal.problem())


@contextmanager
def reverting_once_requested(ledger: Ledger, job: UUID) -> Iterator[None]:
    """The function `merge`, which is given the message at once."""

    def work() -> None:
        while not ledger.rows("SELECT FROM waybill.ingestion_jobs WHERE reverting"):
            pass
        revert(ledger.database, job)

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(work)
        yield
        future.result()


def test_a_revert_goes_through_the_queue(ask: Ask, ledger: Ledger, take: Take) -> None:
    job = ledger.load("departments", 1, [(1, "Sales")])
    response = ask("POST", f"/jobs/{job}/revert?wait=0")
    assert response.status == 202
    accepted = RevertAccepted.model_validate(response.json())
    assert (accepted.job_id, accepted.state) == (job, "REVERTING")
    assert response.headers["Location"].endswith(f"/jobs/{job}")
    assert response.headers["Retry-After"] == "1"
    assert take() == [{"reverted_job_id": str(job)}]
    assert ask("GET", f"/jobs/{job}").json()["state"] == "REVERTING"
    assert [each["job_id"] for each in ask("GET", "/jobs?state=REVERTING").json()["items"]] == [
        str(job)
    ]
    assert ask("DELETE", f"/jobs/{job}").problem() == (409, "job-ended")
    # Again, for a message that may be lost.
    assert ask("POST", f"/jobs/{job}/revert?wait=0").status == 202
    assert take() == [{"reverted_job_id": str(job)}]
    revert(ledger.database, job)
    response = ask("POST", f"/jobs/{job}/revert")
    assert response.status == 200
    assert JobReverted.model_validate(response.json()).revert.removed == 1


def test_a_revert_within_the_wait_is_a_200(ask: Ask, ledger: Ledger, take: Take) -> None:
    job = ledger.load("departments", 1, [(1, "Sales")])
    with reverting_once_requested(ledger, job):
        response = ask("POST", f"/jobs/{job}/revert")
    assert (response.status, response.json()["state"]) == (200, "REVERTED")
    assert take()


def test_a_refusal_names_the_rows(ask: Ask, ledger: Ledger, take: Take) -> None:
    job = ledger.load("departments", 1, [(1, "Sales")])
    ledger.declare("UPDATE departments SET department = 'hand'")
    with reverting_once_requested(ledger, job):
        response = ask("POST", f"/jobs/{job}/revert")
    assert response.problem() == (409, "not-revertible")
    expected = [{"pointer": "", "code": "row-changed", "message": BY_HAND}]
    assert response.json()["errors"] == expected
    document = Job.model_validate(ask("GET", f"/jobs/{job}").json())
    assert document.state == "COMPLETED"
    assert document.revert_error is not None
    assert document.revert_error.type.endswith("/not-revertible")
    assert [error.model_dump() for error in document.revert_error.errors or ()] == expected
    assert take()


def test_what_cannot_be_reverted_is_a_409_at_once(ask: Ask, ledger: Ledger, take: Take) -> None:
    job = ledger.land("departments", 1)
    assert ask("POST", f"/jobs/{job}/revert").problem() == (409, "not-revertible")
    assert take() == []
