"""From an object's event to a job with chunks, or to a failed job with the reason."""

import base64
import hashlib
import json
import uuid
from itertools import pairwise
from pathlib import Path

import pytest

from functions.pipeline.plan.handler import handle
from tests.cloud.fixtures import LANDING, STATE, Cloud
from tests.cloud.lambda_events import Context
from tests.integration.plan.object_events import (
    CSV,
    deliver,
    elements,
    issue_ticket,
    jobs,
    many,
    problem,
    put,
)
from tests.postgres.databases import Connection
from waybill.state.tickets import ticket_key


def test_a_landed_object_becomes_a_job_with_its_chunk(admin: Connection, cloud: Cloud) -> None:
    assert deliver(put(cloud, "landing/departments/2026/d.csv", CSV)) == []
    (job,) = jobs(admin)
    assert (job["state"], job["dataset"], job["kind"]) == ("LOADING", "departments", "s3")
    assert job["sha256"] == hashlib.sha256(CSV).hexdigest()
    assert job["landed_at"].startswith("2026-03-01T10:00:00")
    assert cloud.bodies("chunks") == [{"job_id": job["job_id"], "chunk": 0}]
    chunk = admin.execute("SELECT byte_from, byte_to, first_line FROM waybill.chunks").fetchall()
    assert chunk == [(14, len(CSV), 2)]
    runs = admin.execute("SELECT step, outcome FROM waybill.job_runs").fetchall()
    assert runs == [("plan", "ok")]


def test_the_same_event_again_is_the_same_job(admin: Connection, cloud: Cloud) -> None:
    event = put(cloud, "landing/departments/d.csv", CSV)
    assert deliver(event, event) == []
    (job,) = jobs(admin)
    sent = cloud.bodies("chunks")
    assert sent == [{"job_id": job["job_id"], "chunk": 0}] * 2
    admin.execute("UPDATE waybill.chunks SET done = true")
    deliver(event)
    assert cloud.bodies("chunks") == []
    assert cloud.bodies("merges") == [{"job_id": job["job_id"]}]


def test_an_event_without_a_version_is_pinned_by_its_content(
    admin: Connection, cloud: Cloud
) -> None:
    first = put(cloud, "landing/departments/d.csv", CSV)
    second = put(cloud, "landing/departments/d.csv", CSV + b"4,Support\n")
    versions = [event["detail"]["object"].pop("version-id") for event in (first, second)]
    assert deliver(first, second) == []
    assert [job["version_id"] for job in jobs(admin)] == versions


def test_an_uploaded_file_keeps_the_job_of_its_ticket(admin: Connection, cloud: Cloud) -> None:
    ticket = issue_ticket(cloud, "departments", CSV, sha256=hashlib.sha256(CSV).hexdigest())
    of_ticket = put(cloud, "landing/none/x", b"x")
    of_ticket["detail"] |= {
        "bucket": {"name": STATE},
        "object": {"key": ticket_key(ticket.job_id), "size": 9, "etag": "e"},
    }
    assert deliver(of_ticket) == []
    (awaited,) = jobs(admin)
    assert (awaited["job_id"], awaited["state"]) == (str(ticket.job_id), "AWAITING_UPLOAD")
    deliver(put(cloud, ticket.key, CSV))
    (job,) = jobs(admin)
    assert (job["job_id"], job["state"]) == (str(ticket.job_id), "LOADING")
    assert (job["kind"], job["filename"]) == ("upload", "file.csv")


def test_a_cancelled_job_ignores_its_late_file(admin: Connection, cloud: Cloud) -> None:
    ticket = issue_ticket(cloud, "departments", CSV)
    admin.execute(
        "SELECT waybill.cancel_job(%s, %s::jsonb)", (ticket.job_id, ticket.model_dump_json())
    )
    assert deliver(put(cloud, ticket.key, CSV)) == []
    assert [job["state"] for job in jobs(admin)] == ["CANCELLED"]
    assert cloud.bodies("chunks") == []


def test_a_hash_that_s3_verified_is_trusted(admin: Connection, cloud: Cloud) -> None:
    ticket = issue_ticket(cloud, "departments", CSV, sha256="11" * 32)
    checked = base64.b64encode(hashlib.sha256(CSV).digest()).decode()
    event = put(cloud, ticket.key, CSV, checked)
    assert deliver(event) == []
    assert problem(jobs(admin)[0]) == "checksum-mismatch"


def test_test_events_and_folder_markers_are_acknowledged(admin: Connection, cloud: Cloud) -> None:
    test = '{"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"}'
    marker = put(cloud, "landing/departments/2026/", b"")
    good = put(cloud, "landing/departments/d.csv", CSV)
    assert deliver(test, marker, good) == []
    assert [job["object_key"] for job in jobs(admin)] == ["landing/departments/d.csv"]


def test_an_unreadable_message_fails_alone(admin: Connection, cloud: Cloud) -> None:
    good = put(cloud, "landing/departments/d.csv", CSV)
    assert deliver("not json", good) == [{"itemIdentifier": "0"}]
    assert [job["object_key"] for job in jobs(admin)] == ["landing/departments/d.csv"]


def test_a_file_with_a_header_only_is_sent_to_the_merge(admin: Connection, cloud: Cloud) -> None:
    deliver(put(cloud, "landing/departments/d.csv", b"id,department\n"))
    (job,) = jobs(admin)
    assert job["chunks_total"] == 0
    assert cloud.bodies("chunks") == []
    assert cloud.bodies("merges") == [{"job_id": job["job_id"]}]


@pytest.mark.parametrize(("body", "begin"), [(many(400), 14), (elements(400), 1)])
def test_a_long_file_is_divided_into_chunks(
    admin: Connection, cloud: Cloud, monkeypatch: pytest.MonkeyPatch, body: bytes, begin: int
) -> None:
    monkeypatch.setenv("CHUNK_BYTES", "1000")
    deliver(put(cloud, "landing/departments/d.csv", body))
    (job,) = jobs(admin)
    chunks = admin.execute(
        "SELECT byte_from, byte_to, first_line FROM waybill.chunks ORDER BY chunk"
    ).fetchall()
    assert len(chunks) == job["chunks_total"] > 5
    assert chunks[0][0] == begin
    assert chunks[-1][1] == len(body)
    assert all(a[1] == b[0] for a, b in pairwise(chunks))
    lines = [first_line for *_, first_line in chunks]
    if body.startswith(b"["):
        elements_before = [body[:byte_from].count(b"{") for byte_from, *_ in chunks]
        assert lines == [count + 1 for count in elements_before]
    else:
        # Their loaders find out.
        assert lines == [None] * len(chunks)
    assert job["sha256"] == hashlib.sha256(body).hexdigest()
    sent = sorted(message["chunk"] for message in cloud.bodies("chunks"))
    # The others' turn comes when these are done.
    assert sent == [0, 1, 2]


def test_a_plan_that_was_killed_is_continued(
    admin: Connection, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHUNK_BYTES", "1000")
    event = put(cloud, "landing/departments/d.csv", elements(400))
    deliver(event)
    whole = admin.execute("SELECT * FROM waybill.chunks ORDER BY chunk").fetchall()
    cloud.take("chunks")
    admin.execute("UPDATE waybill.ingestion_jobs SET chunks_total = NULL, sha256 = NULL")
    admin.execute("DELETE FROM waybill.chunks WHERE chunk > 2")
    admin.execute("UPDATE waybill.chunks SET done = true WHERE chunk = 0")
    deliver(event)
    again = admin.execute("SELECT * FROM waybill.chunks ORDER BY chunk").fetchall()
    assert [row[:5] for row in again] == [row[:5] for row in whole]
    assert jobs(admin)[0]["chunks_total"] == len(whole)
    sent = sorted(message["chunk"] for message in cloud.bodies("chunks"))
    assert sent == [1, 2, 3]


def test_without_a_database_the_event_is_redelivered(
    admin: Connection, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_PORT", "1")
    monkeypatch.setattr(
        "functions.pipeline.plan.handler.connect.__kwdefaults__", {"patience_seconds": 0}
    )
    event = put(cloud, "landing/departments/d.csv", CSV)
    assert deliver(event) == []
    assert jobs(admin) == []
    assert cloud.waiting("landed") == 1


def test_the_sample_event_is_read(admin: Connection, cloud: Cloud) -> None:
    sample = json.loads(Path("events/plan.json").read_text())
    body = json.loads(sample["Records"][0]["body"])
    landed = body["detail"]["object"]
    real = put(cloud, landed["key"], CSV)
    body["detail"]["bucket"]["name"] = LANDING
    landed |= real["detail"]["object"]
    sample["Records"][0]["body"] = json.dumps(body)
    assert handle(sample, Context()) == {"batchItemFailures": []}
    (job,) = jobs(admin)
    assert uuid.UUID(job["job_id"]).version == 7
