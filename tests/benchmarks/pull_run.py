"""A run of a source through Waybill's functions, one after another in this process."""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import pytest

from functions.api.sources.deps import deps
from functions.api.sources.handler import handle
from functions.pipeline.extract.handler import handle as extract
from tests.cloud.fixtures import LANDING, SCHEDULES, STATE, Cloud
from tests.integration.path import steps
from tests.integration.sources import runs
from tests.integration.sources.emulated_cloud import emulated_cloud
from tests.postgres.databases import PASSWORD, Database
from tests.unit.http.api_client import call
from waybill import clients

BUCKET = "pulled-from"
_STEPS = {"landed": "plan", "chunks": "load", "merges": "merge"}


class Run(NamedTuple):
    """What one pull took."""

    seconds: float
    cpu: float
    """Seconds of the program's CPU."""
    server_cpu: float = 0.0
    """Seconds of CPU of the server with the table; from PostgreSQL, it has the source too."""
    phases: Mapping[str, float] = {}
    """Seconds of each function, for Waybill; the rest are the queues and events between them."""


def client_cpu() -> float:
    """CPU seconds of this process and of its children that have ended."""
    return sum(os.times()[:4])


def pull(folder: Path, database: Database, place: dict[str, Any], login: Any, files: Any) -> Run:
    """A run of a new source, from its request to its rows."""
    with bucket(folder, files) as cloud, pytest.MonkeyPatch.context() as patch:
        _configure(cloud, database, patch)
        source_id = _created(place, login)
        phases = _timed(patch)
        began, cpu = time.perf_counter(), client_cpu()
        call(handle, "POST", "/jobs", {"source_id": source_id})
        runs.run_through(cloud)
        run = Run(time.perf_counter() - began, client_cpu() - cpu, phases=phases)
        deps().database.close()
        deps.cache_clear()
    return run


@contextmanager
def bucket(folder: Path, files: Mapping[str, bytes] | None) -> Iterator[Cloud]:
    """An emulated cloud whose bucket of a source has these files."""
    with emulated_cloud(folder) as cloud:
        region: Any = {"LocationConstraint": os.environ["AWS_DEFAULT_REGION"]}
        cloud.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=region)
        for name, body in (files or {}).items():
            cloud.s3.put_object(Bucket=BUCKET, Key=name, Body=body)
        yield cloud


def _created(place: dict[str, Any], login: Any) -> str:
    if login:
        username, password = login
        made = boto3.client("secretsmanager").create_secret(
            Name=f"{runs.SECRETS}legacy",
            SecretString=json.dumps({"username": username, "password": password}),
        )
        place = {**place, "secret_arn": made["ARN"]}
    kind = "rest" if "url" in place else "s3" if "bucket" in place else "database"
    source = {"name": "pulled", "kind": kind, "connection": place, "dataset": "pulled"}
    response = call(handle, "POST", "/data-sources", source)
    if response.status != 201:
        raise RuntimeError(response.text)
    return str(response.json()["id"])


def _timed(patch: pytest.MonkeyPatch) -> dict[str, float]:
    """The seconds of each function, as they pass."""
    passed = dict.fromkeys(("extract", *_STEPS.values()), 0.0)

    def timing(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any) -> Any:
            began = time.perf_counter()
            try:
                return function(*arguments)
            finally:
                passed[name] += time.perf_counter() - began

        return run

    patch.setattr(runs, "extract", timing("extract", extract))
    functions = {queue: timing(_STEPS[queue], found) for queue, found in steps.FUNCTIONS.items()}
    patch.setattr(steps, "FUNCTIONS", functions)
    return passed


def _configure(cloud: Cloud, database: Database, patch: pytest.MonkeyPatch) -> None:
    """The environment of every function at once: each connects as the administrator."""
    secret = boto3.client("secretsmanager").create_secret(
        Name="admin", SecretString=json.dumps({"password": PASSWORD})
    )
    values = {
        **database.environment("pipeline"), **SCHEDULES, **runs.EXTRACT_SETTINGS,
        "DATABASE_SECRET_ARN": secret["ARN"], "LANDING_BUCKET": LANDING, "STATE_BUCKET": STATE,
        "PERSONAL_KEY": cloud.personal_key, "EXTRACT_FUNCTION": "extract",
        **{f"{name.upper()}_QUEUE_URL": url for name, url in cloud.queues.items()},
    }  # fmt: skip
    # As it is deployed, and not after every page.
    del values["CHECKPOINT_BYTES"]
    for name, value in values.items():
        patch.setenv(name, value)
    for cached in (deps, clients.scheduler_client, clients.lambda_client):
        cached.cache_clear()
    patch.setenv("DATABASE_USER", "waybill_sources")
    deps()
    patch.setenv("DATABASE_USER", "pipeline")
