"""The API of the sources, and what runs of them need."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import boto3
import pytest

from functions.api.sources.deps import deps
from functions.api.sources.handler import handle
from functions.pipeline.extract import handler as extract_handler
from tests.cloud.fixtures import REGION, SCHEDULES, Cloud
from tests.integration.sources.api_server import ApiServer, serving
from tests.integration.sources.mariadb_server import MariaDb, running_mariadb
from tests.integration.sources.runs import EXTRACT_SETTINGS, SECRETS
from tests.postgres.databases import Connection, Database
from tests.unit.http.api_client import ApiResponse, call
from waybill import clients, consumer
from waybill.sources.schedules import Schedules

Api = Callable[..., ApiResponse]
SOURCE_BUCKET = "legacy-exports"
Put = Callable[[str, str], None]
GROUP, ARN, ROLE = SCHEDULES.values()


@pytest.fixture
def schedules(cloud: Cloud) -> Iterator[Schedules]:
    assert cloud
    for client in (clients.scheduler_client, clients.lambda_client):
        client.cache_clear()
    clients.scheduler_client().create_schedule_group(Name=GROUP)
    yield Schedules(GROUP, ARN, ROLE)
    for client in (clients.scheduler_client, clients.lambda_client):
        client.cache_clear()


@pytest.fixture
def api(
    database: Database,
    schedules: Schedules,
    environment_of: Callable[[Database, str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Api]:
    """The endpoints of the sources; afterwards the environment is that of the pipeline."""
    assert schedules
    given = {
        "EXTRACT_FUNCTION": "extract",
        **EXTRACT_SETTINGS,
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(consumer, "delay_seconds", lambda _: 0)
    # The pauses before a run is tried again.
    monkeypatch.setattr(extract_handler, "_MAX_DELAY", 0)
    environment_of(database, "waybill_sources")
    deps.cache_clear()
    deps()
    environment_of(database, "pipeline")
    yield partial(call, handle)
    deps().database.close()
    deps.cache_clear()


@pytest.fixture
def admin(database: Database) -> Iterator[Connection]:
    with database.connect() as connection:
        yield connection


@pytest.fixture
def secret(cloud: Cloud) -> Callable[..., str]:
    """Call it with fields: the ARN of a secret of sources that has them."""
    assert cloud

    def keep(**fields: str) -> str:
        made = boto3.client("secretsmanager").create_secret(
            Name=f"{SECRETS}{len(fields)}-{abs(hash(tuple(fields.values())))}",
            SecretString=json.dumps(fields),
        )
        return str(made["ARN"])

    return keep


@pytest.fixture
def harbour() -> dict[str, Any]:
    """A source of departments."""
    return {
        "name": "harbour",
        "kind": "rest",
        "connection": {"url": "https://api.example/v1/departments"},
        "dataset": "departments",
        "schedule": "rate(1 hour)",
    }


@pytest.fixture
def remote() -> Iterator[ApiServer]:
    records = [{"id": n, "department": f"Department {n}", "changed": f"{n:04}"} for n in range(35)]
    with serving(records) as made:
        yield made


@pytest.fixture
def ignore_unknown(admin: Connection) -> None:
    """The records have a column that departments have not."""
    admin.execute("ALTER TABLE departments ADD COLUMN changed text")


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDb]:
    """A server of the session; a test makes its tables in the database `legacy`."""
    with running_mariadb(tmp_path_factory.mktemp("db", numbered=True)) as server:
        yield server


@pytest.fixture
def put(cloud: Cloud) -> Put:
    """Call it with a key and a text: an object of the other bucket."""
    cloud.s3.create_bucket(
        Bucket=SOURCE_BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
    )

    def put(key: str, text: str) -> None:
        cloud.s3.put_object(Bucket=SOURCE_BUCKET, Key=key, Body=text.encode())

    return put
