"""Requested uploads that never arrive expire; a file that arrives late is loaded."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from tests.cloud.fixtures import LANDING, STATE, Cloud
from tests.cloud.lambda_events import Context, object_event
from tests.integration.path.steps import FUNCTIONS, settle
from tests.integration.reap.stalled_jobs import pass_time, reap, states
from tests.postgres.databases import Connection
from waybill.ids import new_id
from waybill.state.bucket import StateBucket
from waybill.state.tickets import Ticket, ticket_key


def issue_ticket(cloud: Cloud, *, hours: float) -> Ticket:
    """An upload that is over since some hours, and word of its ticket."""
    job, now = new_id(), datetime.now(UTC)
    ticket = Ticket(
        job_id=job,
        dataset="departments",
        filename="a.csv",
        size_bytes=8,
        created_at=now - timedelta(hours=hours + 1),
        expires_at=now - timedelta(hours=hours),
        bucket=LANDING,
        key=f"landing/departments/{job}/a.csv",
    )
    StateBucket(cloud.s3, STATE).tickets.put(ticket)
    tell(cloud, STATE, ticket_key(job))
    return ticket


def tell(cloud: Cloud, bucket: str, key: str) -> None:
    event = object_event(cloud.s3, bucket, key, time="2026-03-01T10:00:00Z")
    cloud.sqs.send_message(QueueUrl=cloud.queues["landed"], MessageBody=json.dumps(event))


def due(cloud: Cloud) -> list[str]:
    return StateBucket(cloud.s3, STATE).deadlines.passed(datetime.now(UTC) + timedelta(days=1))


def test_an_upload_before_its_deadline_does_not_wake_the_database(
    admin: Connection, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue_ticket(cloud, hours=0.5)
    settle(cloud)
    assert states(admin) == {"a.csv": "AWAITING_UPLOAD"}
    assert len(due(cloud)) == 1
    monkeypatch.setenv("DATABASE_PORT", "1")
    assert reap() == {}


def test_an_upload_that_never_arrived_expires_and_a_late_file_is_loaded(
    admin: Connection, cloud: Cloud
) -> None:
    ticket = issue_ticket(cloud, hours=2)
    settle(cloud)
    assert reap() == {"uploads_expired": 1}
    assert states(admin) == {"a.csv": "EXPIRED"}
    assert due(cloud) == []
    cloud.s3.put_object(Bucket=LANDING, Key=ticket.key, Body=b"1,Sales\n")
    tell(cloud, LANDING, ticket.key)
    settle(cloud)
    assert states(admin) == {"a.csv": "COMPLETED"}
    assert admin.execute("SELECT id, department FROM departments").fetchall() == [(1, "Sales")]


def test_a_file_that_is_there_is_loaded_however_late_its_event(
    admin: Connection, cloud: Cloud
) -> None:
    ticket = issue_ticket(cloud, hours=2)
    settle(cloud)
    # It came in time; the queue was long, or the database was away.
    cloud.s3.put_object(Bucket=LANDING, Key=ticket.key, Body=b"1,Sales\n")
    assert reap() == {}
    assert len(due(cloud)) == 1
    settle(cloud)
    assert states(admin) == {"a.csv": "COMPLETED"}
    assert due(cloud) == []


def test_a_landed_file_removes_its_deadline(admin: Connection, cloud: Cloud) -> None:
    ticket = issue_ticket(cloud, hours=0)
    settle(cloud)
    cloud.s3.put_object(Bucket=LANDING, Key=ticket.key, Body=b"1,Sales\n")
    tell(cloud, LANDING, ticket.key)
    for record in cloud.take("landed"):
        FUNCTIONS["landed"]({"Records": [record]}, Context())
    assert due(cloud) == []
    assert states(admin) == {"a.csv": "LOADING"}


def test_a_replay_whose_file_never_arrived_expires(admin: Connection, cloud: Cloud) -> None:
    job: UUID = new_id()
    admin.execute(
        "INSERT INTO waybill.ingestion_jobs (job_id, dataset, state, kind, filename)"
        " VALUES (%s, 'departments', 'AWAITING_UPLOAD', 'replay', 'r.csv')",
        (job,),
    )
    issue_ticket(cloud, hours=2)
    settle(cloud)
    assert reap() == {"uploads_expired": 1}
    assert states(admin)["r.csv"] == "AWAITING_UPLOAD"
    pass_time(admin, "2 days")
    issue_ticket(cloud, hours=2)
    settle(cloud)
    assert reap()["uploads_expired"] == 2
    assert states(admin)["r.csv"] == "EXPIRED"
