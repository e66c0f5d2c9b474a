"""Handler time of the two analytics questions, warm, without the network.

`python -m tests.benchmarks.analytics_latency [--rows 200000] [--requests 300]`
"""

import argparse
import json
import logging
import os
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

from functions.api.analytics.handler import handle
from functions.pipeline.refresh.refresh_stale import refresh_stale
from tests.benchmarks.company import company
from tests.benchmarks.measure import percentile, say, seconds
from tests.cloud.lambda_events import Context
from tests.postgres.databases import PASSWORD, Database

_EVENT = json.loads((Path(__file__).parents[2] / "events" / "analytics.json").read_text())
_PATHS = ("/analytics/hired/by-quarter", "/analytics/departments/above-average")


def _ask(path: str) -> dict[str, Any]:
    context = {**_EVENT["requestContext"], "path": f"/v1{path}", "resourcePath": path}
    response = handle(
        {**_EVENT, "path": path, "resource": path, "requestContext": context}, Context()
    )
    if response["statusCode"] != 200:
        raise RuntimeError(str(response["body"]))
    return response


def _measure(database: Database, requests: int) -> None:
    environment = {**database.environment("waybill_analytics"), "DATABASE_SECRET_ARN": "local"}
    with (
        patch.dict(os.environ, environment),
        patch("waybill.database.connect._secret", lambda _: PASSWORD),
    ):
        for path in _PATHS:
            lines = len(json.loads(_ask(path)["body"])["items"])
            times = [seconds(partial(_ask, path)) * 1000 for _ in range(requests)]
            middle, late = percentile(times, 0.5), percentile(times, 0.95)
            say(f"{path:40s}{lines:5d} lines   p50 {middle:6.1f} ms   p95 {late:6.1f} ms")


def main() -> None:
    """Print the percentiles of each question."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--requests", type=int, default=300)
    arguments = parser.parse_args()
    logging.getLogger("waybill").setLevel(logging.ERROR)
    with company(arguments.rows) as database:
        with database.connect("waybill_refresh") as refresher:
            refresh_stale(refresher, seconds=3600)
        _measure(database, arguments.requests)


if __name__ == "__main__":
    main()
