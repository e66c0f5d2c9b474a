"""The function `batch` as benchmarks call it: a real PostgreSQL, AWS as in the local stack."""

import json
import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

from functions.api.batch.handler import handle
from infra.environments import DEFAULT_REGION
from infra.local.access_key import AccessKey
from infra.local.emulator import endpoint
from infra.local.emulator import start as start_emulator
from infra.local.postgres import free_port
from tests.benchmarks.company import DEPARTMENTS, JOBS
from tests.cloud.lambda_events import Context
from tests.postgres.databases import PASSWORD, Database
from tests.sql.analytics.seed import owner
from waybill import clients
from waybill.database.datasets import Datasets
from waybill.state.bucket import StateBucket

_EVENT = json.loads((Path(__file__).parents[2] / "events" / "batch.json").read_text())


class Calls(Counter[str]):
    """The calls of AWS services, by operation."""

    def count(self, client: Any) -> Any:
        """Count the calls of this client from now on."""
        client.meta.events.register("before-send", self._count)
        return client

    def _count(self, event_name: str, **_: object) -> None:
        service, operation = event_name.split(".")[1:]
        self[f"{service} {operation}"] += 1


class Cloud(NamedTuple):
    """The emulator: its process, and the calls that it got."""

    process: int
    calls: Calls
    queue_url: str


@contextmanager
def batch_function(database: Database) -> Iterator[Cloud]:
    """The environment of the function; its contract is published."""
    environment = {**database.environment("waybill_batch"), "DATABASE_SECRET_ARN": "local"}
    with (
        patch.dict(os.environ, environment),
        patch("waybill.database.connect._secret", lambda _: PASSWORD),
        _cloud() as cloud,
    ):
        with owner(database) as connection:
            contract = Datasets(connection).contract("hired_employees")
        StateBucket(clients.s3_client(), "state").contracts.publish(contract)
        yield cloud


@contextmanager
def _cloud() -> Iterator[Cloud]:
    calls = Calls()
    with tempfile.TemporaryDirectory(prefix="waybill-benchmark-") as folder:
        key, port = AccessKey.generate(), free_port()
        emulator = start_emulator(Path(folder), port, key)
        environment = {
            **key.variables,
            "AWS_ENDPOINT_URL": endpoint(port),
            "AWS_DEFAULT_REGION": DEFAULT_REGION,
            "STATE_BUCKET": "state",
            "METRICS_BUCKET": "state",
        }
        try:
            with patch.dict(os.environ, environment):
                for make in (clients.s3_client, clients.sqs_client, clients.events_client):
                    make.cache_clear()
                    calls.count(make())
                clients.s3_client().create_bucket(Bucket="state")
                queue = clients.sqs_client().create_queue(QueueName="merges")["QueueUrl"]
                with patch.dict(os.environ, {"MERGES_QUEUE_URL": queue}):
                    yield Cloud(emulator.pid, calls, queue)
        finally:
            emulator.stop()


def hires(first: int, count: int) -> list[dict[str, Any]]:
    """Rows with the ids from `first` on."""
    return [
        {
            "id": number,
            "name": f"Name {number}",
            "hire_dt": f"2021-{1 + number % 12:02d}-{1 + number % 28:02d}T09:00:00Z",
            "department_id": 1 + number % DEPARTMENTS,
            "job_id": 1 + number % JOBS,
        }
        for number in range(first, first + count)
    ]


def batch_event(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """API Gateway's event for a batch of hires."""
    path = "/batch/hired_employees"
    headers = {name: text for name, text in _EVENT["headers"].items() if name != "Idempotency-Key"}
    context = {**_EVENT["requestContext"], "path": f"/v1{path}"}
    return {
        **_EVENT,
        "path": path,
        "headers": headers,
        "multiValueHeaders": {name: [text] for name, text in headers.items()},
        "requestContext": context,
        "body": json.dumps({"rows": rows}),
    }


def send_batch(event: dict[str, Any]) -> None:
    """Call the handler.

    Raises:
        RuntimeError: the batch was not written.
    """
    response = handle(event, Context())
    if response["statusCode"] != 200:
        raise RuntimeError(str(response["body"]))
