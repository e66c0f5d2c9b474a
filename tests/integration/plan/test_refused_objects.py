"""An object that cannot be planned fails its job with the reason."""

from typing import Any

import pytest

from tests.cloud.fixtures import LANDING, Cloud
from tests.integration.plan.object_events import (
    CSV,
    deliver,
    issue_ticket,
    jobs,
    problem,
    put,
)
from tests.postgres.databases import Connection


@pytest.mark.parametrize(
    ("requested", "body", "code"),
    [
        ({}, b"", "empty-file"),
        ({"size_bytes": 5}, CSV, "size-mismatch"),
        ({"sha256": "00" * 32}, CSV, "checksum-mismatch"),
        ({}, b"id,nonsense\n1,2\n", "unknown-columns"),
    ],
)
def test_a_bad_file_fails_its_job(
    admin: Connection, cloud: Cloud, requested: dict[str, Any], body: bytes, code: str
) -> None:
    ticket = issue_ticket(cloud, "departments", body, **requested)
    assert deliver(put(cloud, ticket.key, body)) == []
    (job,) = jobs(admin)
    assert problem(job) == code
    assert cloud.bodies("chunks") == []
    # So that its end is reported, and who waits for it is woken.
    assert cloud.bodies("merges") == [{"job_id": str(ticket.job_id)}]
    assert admin.execute("SELECT outcome FROM waybill.job_runs").fetchall() == [("rejected",)]


def test_an_unknown_dataset_fails_the_job(admin: Connection, cloud: Cloud) -> None:
    deliver(put(cloud, "landing/nowhere/d.csv", CSV))
    assert problem(jobs(admin)[0]) == "unknown-dataset"


def test_a_missing_object_fails_the_job(admin: Connection, cloud: Cloud) -> None:
    event = put(cloud, "landing/departments/d.csv", CSV)
    version = event["detail"]["object"]["version-id"]
    cloud.s3.delete_object(Bucket=LANDING, Key="landing/departments/d.csv", VersionId=version)
    assert deliver(event) == []
    assert problem(jobs(admin)[0]) == "object-missing"


@pytest.mark.parametrize(
    ("key", "body", "code"),
    [
        ("landing/d.csv", CSV, "misplaced-object"),
        ("landing/Not a dataset/d.csv", CSV, "misplaced-object"),
        ("landing//d.csv", CSV, "misplaced-object"),
        ("landing/departments/none.csv", b"", "empty-file"),
        ("landing/departments/2026/none", b"", "empty-file"),
    ],
)
def test_an_object_that_cannot_be_loaded_gets_a_failed_job(
    admin: Connection, cloud: Cloud, key: str, body: bytes, code: str
) -> None:
    assert deliver(put(cloud, key, body)) == []
    (job,) = jobs(admin)
    assert problem(job) == code
    assert job["object_key"] == key
    assert cloud.bodies("merges") == [{"job_id": job["job_id"]}]


LIMIT = f"SELECT waybill.register_dataset('departments', max_upload_bytes => {len(CSV)})"


@pytest.mark.parametrize("setting", [None, "20"])
def test_a_copied_object_over_the_size_limit_fails_before_it_is_read(
    admin: Connection, cloud: Cloud, monkeypatch: pytest.MonkeyPatch, setting: str | None
) -> None:
    admin.execute(f"SET ROLE waybill_owner; {LIMIT}; RESET ROLE")
    if setting:
        monkeypatch.setenv("MAX_UPLOAD_BYTES", setting)
    limit = int(setting or len(CSV))
    allowed, larger = b"id,department\n1,Sales\n"[:limit], CSV + b"\n"
    assert deliver(put(cloud, "landing/departments/a.csv", allowed)) == []
    gone = put(cloud, "landing/departments/b.csv", larger)
    version = gone["detail"]["object"]["version-id"]
    cloud.s3.delete_object(Bucket=LANDING, Key="landing/departments/b.csv", VersionId=version)
    assert deliver(gone) == []
    first, second = jobs(admin)
    assert first["state"] == "LOADING"
    assert problem(second) == "file-too-large"
    assert f"at most {limit} bytes" in second["error"]["detail"]


def test_a_file_of_arbitrary_bytes_fails_its_job(admin: Connection, cloud: Cloud) -> None:
    content = bytes(range(256)) * 40
    assert deliver(put(cloud, "landing/departments/any.csv", content)) == []
    ((state, error),) = admin.execute("SELECT state, error FROM waybill.ingestion_jobs").fetchall()
    assert state == "FAILED"
    assert error["type"] == "unknown-columns"
    assert "\x00" not in str(error)
