"""Check storage and queue, and in the deep check the database and the progress of jobs."""

import time
from collections.abc import Callable, Mapping
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


_Probe = Callable[[Deps], None]


def check_health(deps: Deps) -> Health:
    """Check storage and queue, which uploads need.

    A failed check is part of the result, not an exception. The database is left alone: a monitor
    would keep it awake, and anybody may call this.
    """
    checks = _run(deps, {"storage": _storage, "queue": _queue})
    unchecked = Check(status="not_checked", latency_ms=0)
    return _sum_up({"database": unchecked, **checks})


def check_everything(deps: Deps) -> Health:
    """Check the database and the progress of jobs as well; wakes a paused database."""
    probes: dict[str, _Probe] = {"database": _database, "storage": _storage, "queue": _queue}
    checks = _run(deps, probes | {"jobs": check_jobs})
    # Listed only when it says something that the other checks do not.
    if checks["jobs"].status == "ok" or checks["database"].status == "down":
        del checks["jobs"]
    return _sum_up(checks)


def _run(deps: Deps, probes: Mapping[str, _Probe]) -> dict[str, Check]:
    """The results of the probes, which run at the same time."""
    with ThreadPoolExecutor(len(probes)) as pool:
        running = {name: pool.submit(_check, probe, deps) for name, probe in probes.items()}
    return {name: future.result() for name, future in running.items()}


def _sum_up(checks: dict[str, Check]) -> Health:
    if all(check.status != "down" for check in checks.values()):
        return Health(status="ok", checks=checks)
    # Uploads need only the storage.
    status: Status = "degraded" if checks["storage"].status == "ok" else "down"
    return Health(status=status, checks=checks)


def _check(probe: _Probe, deps: Deps) -> Check:
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


def check_jobs(deps: Deps) -> None:
    """Check whether all open jobs make progress.

    Raises:
        Retryable: `jobs-not-moving`, or the database.
    """
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
