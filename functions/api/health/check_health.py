"""Check database, storage and queue, and whether jobs make progress."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import psycopg
from botocore.exceptions import BotoCoreError, ClientError

from functions.api.health.deps import Deps
from functions.api.health.models import Check, Health, Status
from waybill.database.connect import connect
from waybill.database.health import Health as HealthQueries
from waybill.errors import Retryable, WaybillError

# As long as the reaper's metric, by default.
_STUCK_MINUTES = 15


def check_health(deps: Deps) -> Health:
    """Run all checks concurrently; a failed check is part of the result, not an exception."""
    probes: dict[str, Callable[[Deps], None]] = {
        "database": _database,
        "storage": _storage,
        "queue": _queue,
        "jobs": _jobs,
    }
    with ThreadPoolExecutor(len(probes)) as pool:
        running = {name: pool.submit(_check, probe, deps) for name, probe in probes.items()}
    checks = {name: future.result() for name, future in running.items()}
    # Listed only when it says something that the other checks do not.
    if checks["jobs"].status == "ok" or checks["database"].status == "down":
        del checks["jobs"]
    if all(check.status == "ok" for check in checks.values()):
        return Health(status="ok", checks=checks)
    # Uploads need only the storage.
    status: Status = "degraded" if checks["storage"].status == "ok" else "down"
    return Health(status=status, checks=checks)


def _check(probe: Callable[[Deps], None], deps: Deps) -> Check:
    started = time.monotonic()
    status: Literal["ok", "down"] = "ok"
    try:
        probe(deps)
    except (WaybillError, psycopg.Error, BotoCoreError, ClientError):
        status = "down"
    return Check(status=status, latency_ms=round((time.monotonic() - started) * 1000, 1))


def _database(deps: Deps) -> None:
    # A new session each time: an open one does not show whether another can be opened.
    with connect(deps.settings, "health", patience_seconds=0) as connection:
        HealthQueries(connection).ping()


def _jobs(deps: Deps) -> None:
    with connect(deps.settings, "health", patience_seconds=0) as connection:
        stuck = HealthQueries(connection).count_stuck_jobs(_STUCK_MINUTES)
    if stuck:
        raise Retryable("jobs-not-moving", f"{stuck} open jobs make no progress.")


def _storage(deps: Deps) -> None:
    deps.s3.head_bucket(Bucket=deps.settings.landing_bucket)


def _queue(deps: Deps) -> None:
    deps.sqs.get_queue_attributes(
        QueueUrl=deps.settings.landed_queue_url,
        AttributeNames=["ApproximateNumberOfMessages"],
    )
