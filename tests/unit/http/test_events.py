"""Every API event of `events/` runs through its handler."""

import json
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from infra.functions import FUNCTIONS
from infra.routes import ROUTES
from tests.cloud.lambda_events import Context
from tests.postgres.databases import Database
from tests.sql.analytics.seed import owner
from tests.unit.http.api_client import (
    STATE,
    ApiResponse,
    Handle,
    connect_as,
    parcels,
    parse_response,
)
from waybill.clients import events_client, sqs_client
from waybill.database.datasets import Datasets
from waybill.http.app import Api
from waybill.http.persistent_connection import PersistentConnection
from waybill.state.bucket import StateBucket
from waybill.state.tickets import Ticket

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ROOT = Path(__file__).parents[3]
EVENTS = ROOT / "events"
DATASET = "hired_employees"


def event(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text("utf-8"))
    return read


def run(name: str) -> ApiResponse:
    """Run the event with new dependencies, and close them."""
    module = FUNCTIONS[name].module
    handle: Handle = import_module(f"{module}.handler").handle
    if not (ROOT / module.replace(".", "/") / "deps.py").is_file():
        return parse_response(handle(event(name), Context()))
    deps = import_module(f"{module}.deps").deps
    deps.cache_clear()
    response = parse_response(handle(event(name), Context()))
    database = getattr(deps(), "database", None)
    if isinstance(database, PersistentConnection):
        database.close()
    deps.cache_clear()
    return response


@pytest.fixture(autouse=True)
def _published(aws: "S3Client") -> None:
    StateBucket(aws, STATE).contracts.publish(parcels().model_copy(update={"name": DATASET}))


@pytest.mark.parametrize("name", sorted({route.function for route in ROUTES}))
def test_every_sample_event_matches_a_route(name: str) -> None:
    request = event(name)
    routes = {(route.method, route.path) for route in ROUTES if route.function == name}
    assert (request["httpMethod"], request["resource"]) in routes
    api: Api = import_module(f"{FUNCTIONS[name].module}.handler").api
    assert request["httpMethod"] in api.methods_of(request["path"])


def test_upload() -> None:
    assert run("upload").status == 201


def test_datasets() -> None:
    assert run("datasets").json()["name"] == DATASET


def test_docs() -> None:
    assert run("docs").headers["Content-Type"].startswith("text/html")


def test_jobs(aws: "S3Client", database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    connect_as("waybill_jobs", database, monkeypatch)
    job_id = UUID(event("jobs")["pathParameters"]["job_id"])
    moment = "2100-01-01T00:00:00Z"
    awaited = {"job_id": job_id, "dataset": DATASET, "filename": "a.csv", "size_bytes": 1,
               "created_at": moment, "expires_at": moment, "bucket": "b", "key": "k"}  # fmt: skip
    StateBucket(aws, STATE).tickets.put(Ticket.model_validate(awaited))
    assert run("jobs").json()["state"] == "AWAITING_UPLOAD"


def test_batch(aws: "S3Client", database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    connect_as("waybill_batch", database, monkeypatch)
    events_client.cache_clear()
    queue = sqs_client().create_queue(QueueName="merges")
    monkeypatch.setenv("MERGES_QUEUE_URL", queue["QueueUrl"])
    with owner(database) as connection:
        contract = Datasets(connection).contract("departments")
    StateBucket(aws, STATE).contracts.publish(contract)
    assert run("batch").json()["rows_written"] == 2


def test_documents(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    connect_as("waybill_documents", database, monkeypatch)
    assert run("documents").json() == {"items": [], "next_cursor": None, "total_estimate": None}


def test_health(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    connect_as("waybill_health", database, monkeypatch)
    monkeypatch.setenv("LANDED_QUEUE_URL", sqs_client().create_queue(QueueName="q")["QueueUrl"])
    assert run("health").json()["status"] == "ok"


def test_analytics(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    connect_as("waybill_analytics", database, monkeypatch)
    assert run("analytics").json()["items"] == []


def test_lookups(aws: "S3Client", database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    connect_as("waybill_lookups", database, monkeypatch)
    with owner(database) as connection:
        contract = Datasets(connection).contract("users")
    StateBucket(aws, STATE).contracts.publish(contract)
    assert run("lookups").json()["item"] is None


def test_sources(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    connect_as("waybill_sources", database, monkeypatch)
    for name in ("EXTRACTS_QUEUE_URL", "EXTRACT_FUNCTION", "SCHEDULE_GROUP", "SCHEDULE_TARGET"):
        monkeypatch.setenv(name, "a")
    monkeypatch.setenv("SCHEDULE_ROLE", "a")
    assert run("sources").json() == {"items": [], "next_cursor": None}


def test_queries(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    connect_as("waybill_queries", database, monkeypatch)
    assert run("queries").json()["items"] is not None
