"""Landed objects, their events, and their planned jobs."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from functions.pipeline.plan.handler import handle
from tests.cloud.fixtures import LANDING, STATE, Cloud
from tests.cloud.lambda_events import Context, object_created, sqs_event
from tests.postgres.databases import Connection
from waybill.ids import new_id
from waybill.landing.keys import key_for
from waybill.state.bucket import StateBucket
from waybill.state.tickets import Ticket

CSV = b"id,department\n1,Sales\n2,Legal\n3,Research\n"


def put(cloud: Cloud, key: str, body: bytes, sha256: str = "") -> dict[str, Any]:
    """Write an object; the event that S3 sends for it."""
    response = (
        cloud.s3.put_object(Bucket=LANDING, Key=key, Body=body, ChecksumSHA256=sha256)
        if sha256
        else cloud.s3.put_object(Bucket=LANDING, Key=key, Body=body)
    )
    return object_created(LANDING, key, response, len(body), time="2026-03-01T10:00:00Z")


def deliver(*events: dict[str, Any] | str) -> list[Any]:
    """Hand events to the handler as one batch; the failures of the batch."""
    bodies = [event if isinstance(event, str) else json.dumps(event) for event in events]
    return handle(sqs_event(*bodies), Context())["batchItemFailures"]


def issue_ticket(cloud: Cloud, dataset: str, body: bytes, **more: str | int) -> Ticket:
    job_id, now = new_id(), datetime.now(UTC)
    requested = {
        "job_id": job_id,
        "dataset": dataset,
        "created_at": now,
        "expires_at": now + timedelta(hours=1),
        "bucket": LANDING,
        "key": key_for(dataset, job_id, "file.csv"),
        "filename": "file.csv",
        "size_bytes": len(body),
    }
    ticket = Ticket.model_validate({**requested, **more})
    StateBucket(cloud.s3, STATE).tickets.put(ticket)
    return ticket


def jobs(admin: Connection) -> list[dict[str, Any]]:
    rows = admin.execute(
        "SELECT to_jsonb(j) FROM waybill.ingestion_jobs AS j ORDER BY created_at"
    ).fetchall()
    return [row[0] for row in rows]


def problem(job: dict[str, Any]) -> str | None:
    assert job["state"] == "FAILED", job
    return str(job["error"]["type"])


def elements(count: int) -> bytes:
    """Departments as one array, in which chunks are found by reading it from its beginning."""
    return json.dumps([{"id": n, "department": f"Department {n}"} for n in range(count)]).encode()


def many(count: int) -> bytes:
    return b"id,department\n" + b"".join(b"%d,Department %d\n" % (n, n) for n in range(count))
