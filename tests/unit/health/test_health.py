"""The health response when the database, the storage or the queue is unavailable."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from functions.api.health.deps import deps
from functions.api.health.handler import handle
from tests.postgres.databases import Database
from tests.unit.http.api_client import LANDING, ApiResponse, call, connect_as
from waybill.clients import sqs_client

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture(autouse=True)
def _everything_is_there(
    aws: "S3Client", database: Database, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    assert aws
    connect_as("waybill_health", database, monkeypatch)
    monkeypatch.setenv("LANDED_QUEUE_URL", sqs_client().create_queue(QueueName="q")["QueueUrl"])
    deps.cache_clear()
    yield
    deps.cache_clear()


def look(path: str = "/health/deep") -> tuple[ApiResponse, dict[str, str]]:
    response = call(handle, "GET", path)
    checks = response.json()["checks"]
    assert all(check["latency_ms"] >= 0 for check in checks.values())
    return response, {name: check["status"] for name, check in checks.items()}


def test_a_healthy_service_is_ok() -> None:
    response, checks = look()
    assert (response.status, response.json()["status"]) == (200, "ok")
    assert checks == {"database": "ok", "storage": "ok", "queue": "ok"}


def test_the_open_check_leaves_the_database_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_PORT", "1")
    response = call(handle, "GET", "/health", caller=None)
    found = {name: check["status"] for name, check in response.json()["checks"].items()}
    assert (response.status, response.json()["status"]) == (200, "ok")
    assert found == {"database": "not_checked", "storage": "ok", "queue": "ok"}


@pytest.mark.parametrize("path", ["/health", "/health/deep"])
def test_a_check_without_the_storage_is_down_for_everybody(aws: "S3Client", path: str) -> None:
    aws.delete_bucket(Bucket=LANDING)
    assert look(path)[0].status == 503


def test_the_deep_check_needs_a_token() -> None:
    assert call(handle, "GET", "/health/deep", caller=None).problem() == (401, "unauthorized")


def test_a_stuck_job_degrades_the_service(database: Database) -> None:
    with database.connect() as connection:
        connection.execute(
            "INSERT INTO waybill.ingestion_jobs (job_id, dataset, state, created_at)"
            " VALUES (uuidv7(), 'departments', 'MERGING', now() - interval '1 hour')"
        )
    response, checks = look()
    assert (response.status, response.json()["status"]) == (200, "degraded")
    assert checks == {"database": "ok", "storage": "ok", "queue": "ok", "jobs": "down"}


def test_without_the_database_files_are_still_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_PORT", "1")
    response, checks = look()
    assert (response.status, response.json()["status"]) == (200, "degraded")
    assert checks == {"database": "down", "storage": "ok", "queue": "ok"}


def test_without_the_queue_files_are_still_accepted() -> None:
    sqs_client().delete_queue(QueueUrl=deps().settings.landed_queue_url)
    response, checks = look()
    assert (response.status, response.json()["status"]) == (200, "degraded")
    assert checks["queue"] == "down"


def test_without_the_storage_nothing_is_accepted(aws: "S3Client") -> None:
    aws.delete_bucket(Bucket=LANDING)
    response, checks = look()
    assert (response.status, response.json()["status"]) == (503, "down")
    assert checks["storage"] == "down"
