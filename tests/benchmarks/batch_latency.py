"""Handler time of batches, warm: 1,000 rows and one row, without the network.

`python -m tests.benchmarks.batch_latency [--rows 1000] [--requests 100] [--base 200000]`

PostgreSQL is real, with fsync; S3, SQS and EventBridge answer at once.
"""

import argparse
import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock, patch

from functions.api.batch.handler import handle
from tests.benchmarks.company import DEPARTMENTS, JOBS, company
from tests.benchmarks.measure import percentile, say, seconds
from tests.cloud.lambda_events import Context
from tests.postgres.databases import PASSWORD, Database
from tests.sql.analytics.seed import owner
from waybill.database.datasets import Datasets

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


@contextmanager
def _endpoint(database: Database) -> Iterator[None]:
    with owner(database) as connection:
        contract = Datasets(connection).contract("hired_employees")
    events, sqs = MagicMock(), MagicMock()
    events.put_events.side_effect = lambda Entries: {"Entries": [{} for _ in Entries]}  # noqa: N803 - boto3's name
    sqs.send_message_batch.return_value = {}
    environment = {
        **database.environment("waybill_batch"),
        "DATABASE_SECRET_ARN": "local",
        "STATE_BUCKET": "state",
        "MERGES_QUEUE_URL": "merges",
    }
    with (
        patch.dict(os.environ, environment),
        patch("waybill.database.connect._secret", lambda _: PASSWORD),
        patch("functions.api.batch.deps.s3_client", MagicMock),
        patch("functions.api.batch.deps.events_client", lambda: events),
        patch("waybill.queues.sqs_client", lambda: sqs),
        patch("waybill.state.contracts.PublishedContracts.get", lambda _, __: contract),
    ):
        yield


def _measure(rows: int, requests: int, first: int) -> int:
    """Time new rows and the same rows again; the first id that is free afterwards."""
    events = [_event(_hires(first + number * rows, rows)) for number in range(requests)]
    for what in ("new", "unchanged"):
        times = [seconds(partial(_send, event)) * 1000 for event in events]
        middle, late = percentile(times, 0.5), percentile(times, 0.95)
        say(f"{rows:5d} {what:10s} rows   p50 {middle:6.1f} ms   p95 {late:6.1f} ms")
    return first + rows * requests


def main() -> None:
    """Print the percentiles."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--requests", type=int, default=100)
    parser.add_argument("--base", type=int, default=200_000)
    arguments = parser.parse_args()
    logging.getLogger("waybill").setLevel(logging.ERROR)
    with company(arguments.base) as database, _endpoint(database):
        _send(_event(_hires(_FIRST_ID - 1, 1)))
        first = _measure(arguments.rows, arguments.requests, _FIRST_ID)
        _measure(1, arguments.requests, first)


if __name__ == "__main__":
    main()
