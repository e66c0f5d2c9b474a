"""Handler time of batches, warm: 1,000 rows and one row, without API Gateway.

`python -m tests.benchmarks.batch_latency [--rows 1000] [--requests 100] [--base 200000]`

PostgreSQL is real, with fsync; S3, SQS and EventBridge are those of the local stack, over HTTP.
CPU is the time of this process and of the server's for one batch: unlike the others it hardly
depends on what else the machine does.
"""

import argparse
import json
import logging
import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psutil

from functions.api.batch.handler import handle
from infra.environments import DEFAULT_REGION
from infra.local.access_key import AccessKey
from infra.local.emulator import endpoint
from infra.local.emulator import start as start_emulator
from infra.local.postgres import free_port
from tests.benchmarks.company import DEPARTMENTS, JOBS, company
from tests.benchmarks.measure import percentile, say, seconds
from tests.cloud.lambda_events import Context
from tests.postgres.databases import PASSWORD, Database
from tests.sql.analytics.seed import owner
from waybill import clients
from waybill.database.datasets import Datasets
from waybill.state.bucket import StateBucket

_EVENT = json.loads((Path(__file__).parents[2] / "events" / "batch.json").read_text())
_FIRST_ID = 1_000_000_000


def _event(rows: list[dict[str, Any]]) -> dict[str, Any]:
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


def _hires(first: int, count: int) -> list[dict[str, Any]]:
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


def _send(event: dict[str, Any]) -> None:
    response = handle(event, Context())
    if response["statusCode"] != 200:
        raise RuntimeError(str(response["body"]))


class _Calls(Counter[str]):
    """The calls of AWS services, by operation."""

    def count(self, client: Any) -> Any:
        """Count the calls of this client from now on."""
        client.meta.events.register("before-send", self._count)
        return client

    def _count(self, event_name: str, **_: object) -> None:
        service, operation = event_name.split(".")[1:]
        self[f"{service} {operation}"] += 1


@contextmanager
def _cloud() -> Iterator[_Calls]:
    """The emulator of the local stack, with what the function needs; its calls are counted."""
    calls = _Calls()
    with tempfile.TemporaryDirectory(prefix="waybill-benchmark-") as folder:
        key, port = AccessKey.generate(), free_port()
        emulator = start_emulator(Path(folder), port, key)
        environment = {
            **key.variables,
            "AWS_ENDPOINT_URL": endpoint(port),
            "AWS_DEFAULT_REGION": DEFAULT_REGION,
            "STATE_BUCKET": "state",
        }
        try:
            with patch.dict(os.environ, environment):
                for make in (clients.s3_client, clients.sqs_client, clients.events_client):
                    make.cache_clear()
                    calls.count(make())
                clients.s3_client().create_bucket(Bucket="state")
                queue = clients.sqs_client().create_queue(QueueName="merges")["QueueUrl"]
                with patch.dict(os.environ, {"MERGES_QUEUE_URL": queue}):
                    yield calls
        finally:
            emulator.stop()


@contextmanager
def _endpoint(database: Database) -> Iterator[_Calls]:
    environment = {**database.environment("waybill_batch"), "DATABASE_SECRET_ARN": "local"}
    with (
        patch.dict(os.environ, environment),
        patch("waybill.database.connect._secret", lambda _: PASSWORD),
        _cloud() as calls,
    ):
        with owner(database) as connection:
            contract = Datasets(connection).contract("hired_employees")
        StateBucket(clients.s3_client(), "state").contracts.publish(contract)
        yield calls


def _processes(database: Database) -> list[psutil.Process]:
    """This process, and that of the function's connection."""
    with owner(database) as connection:
        found = connection.execute(
            "SELECT pid FROM pg_stat_activity"
            " WHERE usename = 'waybill_batch' AND datname = current_database()"
        ).fetchall()
    return [psutil.Process(), *(psutil.Process(pid) for (pid,) in found)]


def _cpu(processes: list[psutil.Process]) -> float:
    return sum(times.user + times.system for times in (each.cpu_times() for each in processes))


def _measure(processes: list[psutil.Process], rows: int, requests: int, first: int) -> int:
    """Time new rows and the same rows again; the first id that is free afterwards."""
    events = [_event(_hires(first + number * rows, rows)) for number in range(requests)]
    for what in ("new", "unchanged"):
        before = _cpu(processes)
        times = [seconds(partial(_send, event)) * 1000 for event in events]
        cpu = (_cpu(processes) - before) * 1000 / requests
        middle, late = percentile(times, 0.5), percentile(times, 0.95)
        say(
            f"{rows:5d} {what:10s} rows   p50 {middle:6.1f} ms   p95 {late:6.1f} ms"
            f"   CPU {cpu:5.1f} ms"
        )
    return first + rows * requests


def main() -> None:
    """Print the percentiles."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--requests", type=int, default=100)
    parser.add_argument("--base", type=int, default=200_000)
    arguments = parser.parse_args()
    logging.getLogger("waybill").setLevel(logging.ERROR)
    with company(arguments.base) as database, _endpoint(database) as calls:
        _send(_event(_hires(_FIRST_ID - 1, 1)))
        processes = _processes(database)
        calls.clear()
        first = _measure(processes, arguments.rows, arguments.requests, _FIRST_ID)
        _measure(processes, 1, arguments.requests, first)
        for operation, number in sorted(calls.items()):
            say(f"{operation:24s} {number / (4 * arguments.requests):5.2f} calls a batch")


if __name__ == "__main__":
    main()
