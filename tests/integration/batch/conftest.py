"""Fixtures of the batch endpoint."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from functions.api.batch.deps import deps
from functions.api.batch.handler import handle
from tests.cloud.fixtures import STATE, Cloud
from tests.postgres.databases import Database
from tests.unit.http.api_client import ApiResponse, call
from waybill.contract.model import Contract
from waybill.state.bucket import StateBucket

Post = Callable[..., ApiResponse]


def publish_all(cloud: Cloud, database: Database) -> None:
    """Publish the contracts of the database's datasets, as a migration does."""
    with database.connect() as connection:
        names = connection.execute("SELECT waybill.dataset_names()").fetchall()
        for (name,) in names:
            found = connection.execute("SELECT waybill.contract(%s)", (name,)).fetchone()
            assert found
            StateBucket(cloud.s3, STATE).contracts.publish(Contract.model_validate(found[0]))


@pytest.fixture
def post(
    cloud: Cloud, database: Database, environment_of: Callable[[Database, str], None]
) -> Iterator[Post]:
    """Send rows to a dataset; what is beside them are other fields, `key` is the header."""
    environment_of(database, "api")
    publish_all(cloud, database)
    deps.cache_clear()

    def send(dataset: str, rows: object, *, key: str | None = None, **fields: Any) -> ApiResponse:
        headers = {"Idempotency-Key": key} if key else {}
        body = rows if isinstance(rows, str) else json.dumps({"rows": rows, **fields})
        return partial(call, handle)("POST", f"/batch/{dataset}", body, headers)

    yield send
    deps().database.close()
    deps.cache_clear()
