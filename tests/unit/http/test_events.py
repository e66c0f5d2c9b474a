"""Every API event of `events/` runs through its handler."""

import json
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from infra.functions import FUNCTIONS
from infra.routes import ROUTES
from tests.postgres.databases import Database
from tests.unit.http.doors import STATE, Answer, Context, answer, connect_as, parcels
from waybill.clients import events_client, sqs_client
from waybill.contract.model import Contract
from waybill.http.app import Api
from waybill.http.persistent_connection import WarmDatabase
from waybill.state.bucket import StateBucket
from waybill.state.tickets import Ticket

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

EVENTS = Path(__file__).parents[3] / "events"
DATASET = "hired_employees"


def event(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text("utf-8"))
    return read


def run(name: str) -> Answer:
    """Run the event, as a process does that starts for it and ends with it."""
    handler = import_module(f"{FUNCTIONS[name].module}.handler")
    kept = [
        each
        for each in vars(handler).values()
        if hasattr(each, "cache_clear") and each.__module__ == handler.__name__
    ]
    for each in kept:
        each.cache_clear()
    answered = answer(handler.handle(event(name), Context()))
    for each in kept:
        held = each()
        database = getattr(held, "database", held)
        if isinstance(database, WarmDatabase):
            database.close()
        each.cache_clear()
    return answered


@pytest.fixture(autouse=True)
def _published(aws: "S3Client") -> None:
    StateBucket(aws, STATE).contracts.publish(parcels().model_copy(update={"name": DATASET}))


@pytest.mark.parametrize("name", sorted({route.function for route in ROUTES}))
def test_an_event_is_one_of_a_route(name: str) -> None:
    asked = event(name)
    routes = {(route.method, route.path) for route in ROUTES if route.function == name}
    assert (asked["httpMethod"], asked["resource"]) in routes
    api: Api = import_module(f"{FUNCTIONS[name].module}.handler").api
    assert asked["httpMethod"] in api.allowed(asked["path"])


def test_upload() -> None:
    assert run("upload").status == 201


def test_datasets() -> None:
    assert run("datasets").json()["name"] == DATASET


def test_docs() -> None:
    assert run("docs").headers["Content-Type"].startswith("text/html")


def test_jobs(aws: "S3Client", database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    connect_as("waybill_api", database, monkeypatch)
    job_id = UUID(event("jobs")["pathParameters"]["job_id"])
    moment = "2100-01-01T00:00:00Z"
    awaited = {"job_id": job_id, "dataset": DATASET, "filename": "a.csv", "size_bytes": 1,
               "created_at": moment, "expires_at": moment, "bucket": "b", "key": "k"}  # fmt: skip
    StateBucket(aws, STATE).tickets.put(Ticket.model_validate(awaited))
    assert run("jobs").json()["state"] == "AWAITING_UPLOAD"


def test_batch(aws: "S3Client", database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    connect_as("waybill_api", database, monkeypatch)
    events_client.cache_clear()
    queue = sqs_client().create_queue(QueueName="merges")
    monkeypatch.setenv("MERGES_QUEUE_URL", queue["QueueUrl"])
    with database.connect("waybill_loader") as connection:
        found = connection.execute("SELECT waybill.contract('departments')").fetchone()
    assert found
    StateBucket(aws, STATE).contracts.publish(Contract.model_validate(found[0]))
    assert run("batch").json()["rows_written"] == 2


def test_documents(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    connect_as("waybill_reader", database, monkeypatch)
    assert run("documents").json() == {"items": [], "next_cursor": None, "total_estimate": None}


def test_health(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    connect_as("waybill_reader", database, monkeypatch)
    monkeypatch.setenv("LANDED_QUEUE_URL", sqs_client().create_queue(QueueName="q")["QueueUrl"])
    assert run("health").json()["status"] == "ok"


def test_analytics(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    connect_as("waybill_reader", database, monkeypatch)
    assert run("analytics").json()["items"] == []
