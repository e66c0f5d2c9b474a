"""Look at what Waybill stands on: database, storage, queue."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Literal, NamedTuple

import psycopg
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel, Field

from functions.api.health.settings import HealthSettings
from waybill.database.connect import connect
from waybill.database.queries import queries
from waybill.errors import WaybillError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient


class Check(BaseModel):
    """One thing that was looked at."""

    status: Literal["ok", "down"]
    latency_ms: float


class Health(BaseModel):
    """`ok`; `degraded`: files are accepted and kept, but load later; `down`: none are accepted."""

    status: Literal["ok", "degraded", "down"]
    checks: dict[str, Check] = Field(examples=[{"database": {"status": "ok", "latency_ms": 1.9}}])


class Clients(NamedTuple):
    """What the checks ask through."""

    s3: "S3Client"
    sqs: "SQSClient"
    settings: HealthSettings


def check_health(clients: Clients) -> Health:
    """Look at everything at once; a fault of one is its answer and raises nothing."""
    looks: dict[str, Callable[[Clients], None]] = {
        "database": _database,
        "storage": _storage,
        "queue": _queue,
    }
    with ThreadPoolExecutor(len(looks)) as pool:
        running = {name: pool.submit(_check, look, clients) for name, look in looks.items()}
    checks = {name: look.result() for name, look in running.items()}
    if all(check.status == "ok" for check in checks.values()):
        return Health(status="ok", checks=checks)
    # Uploads need the storage alone, so without the rest the product still keeps its word.
    status: Literal["degraded", "down"] = "degraded" if checks["storage"].status == "ok" else "down"
    return Health(status=status, checks=checks)


def _check(look: Callable[[Clients], None], clients: Clients) -> Check:
    started = time.monotonic()
    status: Literal["ok", "down"] = "ok"
    try:
        look(clients)
    except (WaybillError, psycopg.Error, BotoCoreError, ClientError):
        status = "down"
    return Check(status=status, latency_ms=round((time.monotonic() - started) * 1000, 1))


def _database(clients: Clients) -> None:
    # A fresh session every time: a kept one would say nothing about the next.
    with connect(clients.settings, "health", patience_seconds=0) as connection:
        queries("health").ping(connection)


def _storage(clients: Clients) -> None:
    clients.s3.head_bucket(Bucket=clients.settings.landing_bucket)


def _queue(clients: Clients) -> None:
    clients.sqs.get_queue_attributes(
        QueueUrl=clients.settings.landed_queue_url,
        AttributeNames=["ApproximateNumberOfMessages"],
    )
