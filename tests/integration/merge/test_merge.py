"""From staged chunks to rows, events and unblocked jobs."""

import json
from pathlib import Path

import pytest

from functions.pipeline.merge.handler import handle
from tests.cloud.fixtures import STATE, Cloud
from tests.cloud.lambda_events import Context, sqs_event
from tests.integration.merge.staged_jobs import DEPARTMENTS, EMPLOYEES, Staged, deliver
from tests.postgres.crash import empty_unlogged_tables
from tests.postgres.databases import Database
from waybill.ids import new_id
from waybill.messages import MergeMessage, ResolvePendingMessage
from waybill.state.bucket import StateBucket


def finished(cloud: Cloud) -> list[tuple[str, str]]:
    """Job and state of every `job.finished` on the bus since the last look."""
    return [(detail["job_id"], detail["state"]) for detail in cloud.reported()]


def test_a_staged_job_is_merged_and_published(staged: Staged, cloud: Cloud) -> None:
    job = staged.job("departments", DEPARTMENTS, [(1, "Sales"), (2, "Legal")])
    assert deliver(MergeMessage(job_id=job)) == []
    assert staged.state(job) == "COMPLETED"
    rows = staged.admin.execute("SELECT id, department FROM departments ORDER BY id").fetchall()
    assert rows == [(1, "Sales"), (2, "Legal")]
    assert finished(cloud) == [(str(job), "COMPLETED")]
    assert all(mark.endswith(str(job)) for mark in StateBucket(cloud.s3, STATE).markers.list())
    assert StateBucket(cloud.s3, STATE).markers.list()
    assert staged.runs(job) == ["merge ok"]


def test_a_second_delivery_finds_the_result(staged: Staged, cloud: Cloud) -> None:
    job = staged.job("departments", DEPARTMENTS, [(1, "Sales")])
    message = MergeMessage(job_id=job)
    assert deliver(message, message) == []
    assert finished(cloud) == [(str(job), "COMPLETED")]
    assert staged.admin.execute("SELECT count(*) FROM departments").fetchone() == (1,)


def test_the_next_merge_publishes_the_events_of_a_killed_one(staged: Staged, cloud: Cloud) -> None:
    job = staged.job("departments", DEPARTMENTS, [(1, "Sales")])
    staged.admin.execute("SELECT waybill.merge_job(%s)", (job,))
    assert deliver(MergeMessage(job_id=job)) == []
    assert finished(cloud) == [(str(job), "COMPLETED")]


def test_an_earlier_job_of_a_parent_is_merged_first(staged: Staged, cloud: Cloud) -> None:
    parent = staged.job("departments", DEPARTMENTS, [(1, "Sales")])
    row = (7, "Ada", "2021-03-01T00:00:00Z", 1, None)
    child = staged.job("hired_employees", EMPLOYEES, [row], second=5)
    assert deliver(MergeMessage(job_id=child)) == []
    assert staged.runs(child) == ["merge retry"]
    assert finished(cloud) == []
    assert cloud.waiting("merges") == 1
    deliver(MergeMessage(job_id=parent))
    deliver(MergeMessage(job_id=child))
    assert staged.state(child) == "COMPLETED"


def test_pending_records_are_loaded_when_the_parent_arrives(staged: Staged, cloud: Cloud) -> None:
    row = (7, "Ada", "2021-03-01T00:00:00Z", 1, None)
    child = staged.job("hired_employees", EMPLOYEES, [row])
    deliver(MergeMessage(job_id=child))
    assert staged.admin.execute("SELECT count(*) FROM hired_employees").fetchone() == (0,)
    parent = staged.job("departments", DEPARTMENTS, [(1, "Sales")], second=5)
    deliver(MergeMessage(job_id=parent))
    assert {"pending_job_id": str(child)} in cloud.bodies("merges")
    deliver(ResolvePendingMessage(pending_job_id=child))
    assert staged.admin.execute("SELECT id FROM hired_employees").fetchall() == [(7,)]
    assert staged.runs(child) == ["merge ok", "resolve ok"]
    assert (str(child), "COMPLETED") in finished(cloud)


def test_a_stage_that_a_crash_emptied_is_staged_again(staged: Staged, cloud: Cloud) -> None:
    job = staged.job("departments", DEPARTMENTS, [(1, "Sales")])
    empty_unlogged_tables(staged.admin)
    assert deliver(MergeMessage(job_id=job)) == []
    assert cloud.bodies("chunks") == [{"job_id": str(job), "chunk": 0}]
    assert staged.state(job) == "LOADING"
    assert finished(cloud) == []


def test_a_job_that_another_merge_holds_is_retried_later(
    staged: Staged, cloud: Cloud, database: Database
) -> None:
    job = staged.job("departments", DEPARTMENTS, [(1, "Sales")])
    with database.connect(autocommit=False) as other:
        other.execute("SELECT 1 FROM waybill.ingestion_jobs FOR UPDATE")
        assert deliver(MergeMessage(job_id=job)) == []
    assert cloud.waiting("merges") == 1
    assert staged.state(job) == "LOADING"


def test_a_file_that_the_database_refuses_fails_its_job(staged: Staged, cloud: Cloud) -> None:
    staged.admin.execute(
        "SET ROLE waybill_owner; CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS"
        " $f$ BEGIN RETURN NULL; END $f$;"
        " CREATE TRIGGER swallow BEFORE INSERT ON departments FOR EACH ROW"
        " EXECUTE FUNCTION swallow(); RESET ROLE"
    )
    job = staged.job("departments", DEPARTMENTS, [(1, "Sales")])
    assert deliver(MergeMessage(job_id=job)) == []
    assert staged.state(job) == "FAILED"
    assert finished(cloud) == [(str(job), "FAILED")]
    assert staged.runs(job) == ["merge rejected"]


@pytest.mark.usefixtures("staged")
def test_a_message_of_an_unknown_job_is_acknowledged(cloud: Cloud) -> None:
    assert (
        deliver(MergeMessage(job_id=new_id()), ResolvePendingMessage(pending_job_id=new_id())) == []
    )
    assert cloud.waiting("merges") == 0
    assert finished(cloud) == []


@pytest.mark.usefixtures("staged")
def test_a_message_of_another_queue_is_not_lost() -> None:
    body = {"job_id": str(new_id()), "chunk": 0}
    response = handle(sqs_event(json.dumps(body)), Context())
    assert response == {"batchItemFailures": [{"itemIdentifier": "0"}]}


def test_an_event_that_the_bus_refuses_is_published_later(
    staged: Staged, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = staged.job("departments", DEPARTMENTS, [(1, "Sales")])
    with monkeypatch.context() as patch:
        refused = {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}]}
        patch.setattr(cloud.events, "put_events", lambda **_: refused)
        assert deliver(MergeMessage(job_id=job)) == []
    assert staged.state(job) == "COMPLETED"
    assert cloud.waiting("merges") == 1
    deliver(MergeMessage(job_id=job))
    assert finished(cloud) == [(str(job), "COMPLETED")]


def test_the_sample_event_is_read(staged: Staged) -> None:
    sample = json.loads(Path("events/merge.json").read_text())
    assert handle(sample, Context()) == {"batchItemFailures": []}
    assert staged.admin.execute("SELECT count(*) FROM waybill.job_runs").fetchone() == (0,)
