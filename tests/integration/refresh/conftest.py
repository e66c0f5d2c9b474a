"""Fixtures of the function `refresh`: state bucket, seeded database, environment."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from tests.postgres.databases import PASSWORD, Connection, Database
from tests.sql.analytics.seed import owner, seed
from tests.sql.staging import Ledger
from waybill import clients

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

STATE = "state-of-tests"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator["S3Client"]:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    clients.s3_client.cache_clear()
    with mock_aws():
        client = clients.s3_client()
        client.create_bucket(
            Bucket=STATE, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        yield client
    clients.s3_client.cache_clear()


@pytest.fixture
def company(database: Database, s3: "S3Client", monkeypatch: pytest.MonkeyPatch) -> Database:
    """A seeded database that nobody has refreshed, and the function's way to it."""
    with owner(database) as connection:
        seed(connection)
    secret = boto3.client("secretsmanager").create_secret(
        Name=database.name, SecretString=json.dumps({"password": PASSWORD})
    )
    environment = {
        **database.environment("waybill_refresh"),
        "DATABASE_SECRET_ARN": secret["ARN"],
        "STATE_BUCKET": STATE,
        "CHUNKS_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/123456789012/chunks",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert s3.list_objects_v2(Bucket=STATE)["KeyCount"] == 0
    return database


@pytest.fixture
def ledger(database: Database) -> Iterator[Ledger]:
    ledger = Ledger(database)
    yield ledger
    ledger.close()


@pytest.fixture
def refresher(database: Database) -> Iterator[Connection]:
    with database.connect("waybill_refresh") as connection:
        yield connection
