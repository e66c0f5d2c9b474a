"""The function `migrate`: tables are created and contracts published."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from functions.migrate.handler import handle
from tests.cloud.fixtures import STATE, Cloud
from tests.cloud.lambda_events import Context
from tests.postgres.databases import Connection, Database
from waybill.state.bucket import StateBucket


@pytest.fixture
def admin(
    empty_database: Database, environment_of: Callable[[Database, str], None]
) -> Iterator[Connection]:
    environment_of(empty_database, "waybill_admin")
    with empty_database.connect() as connection:
        yield connection


@pytest.mark.usefixtures("admin")
def test_contracts_are_published_once_the_tables_are_there(cloud: Cloud) -> None:
    event = json.loads(Path("events/migrate.json").read_text())
    response = handle(event, Context())
    assert "datasets/departments.sql" in response["applied"]
    assert response["datasets"] == StateBucket(cloud.s3, STATE).contracts.names()
    contract = StateBucket(cloud.s3, STATE).contracts.get("departments")
    assert contract.natural_key == ("id",)
    assert handle(event, Context())["applied"] == []


@pytest.mark.usefixtures("admin")
def test_the_contract_of_a_removed_dataset_is_withdrawn(cloud: Cloud) -> None:
    cloud.s3.put_object(Bucket=STATE, Key="contracts/gone.json", Body=b"{}")
    handle({}, Context())
    assert "gone" not in StateBucket(cloud.s3, STATE).contracts.names()
