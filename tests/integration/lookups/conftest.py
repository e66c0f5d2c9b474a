"""Users in the database, and a client of the lookups function."""

import json
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from functions.api.lookups.deps import deps
from functions.api.lookups.handler import handle
from tests.cloud.fixtures import Cloud
from tests.integration.batch.conftest import publish_all
from tests.postgres.databases import Database
from tests.sql.analytics.seed import owner
from tests.unit.http.api_client import ApiResponse, call
from waybill.database.batches import Batches, CheckedRows, IdempotencyKey
from waybill.ids import new_id

Get = Callable[[str], ApiResponse]
Write = Callable[..., None]
USERS = 20_000


@pytest.fixture
def users(database: Database) -> Database:
    """20,000 users, 70 % of them active, with statistics."""
    with owner(database) as connection:
        connection.execute(
            "INSERT INTO users (id, email, name, status, created_at) SELECT i,"
            " 'email' || i || '@example.com', 'User ' || i,"
            " CASE WHEN i %% 10 < 7 THEN 'active' ELSE 'inactive' END, '2026-01-01'"
            " FROM generate_series(1, %s) AS i",
            (USERS,),
        )
    with database.connect() as connection:
        connection.execute("SET ROLE waybill_owner")
        connection.execute("ANALYZE users")
    return database


@pytest.fixture
def get(
    cloud: Cloud, database: Database, environment_of: Callable[[Database, str], None]
) -> Iterator[Get]:
    """Send a request to the function; the contracts are those of the database."""
    environment_of(database, "waybill_lookups")
    publish_all(cloud, database)
    deps.cache_clear()
    yield partial(call, handle, "GET")
    deps().database.close()
    deps.cache_clear()


@pytest.fixture
def write(database: Database) -> Iterator[Write]:
    """Write rows of a dataset through the merge."""
    with database.connect("api") as connection:

        def rows(dataset: str, *values: dict[str, object]) -> None:
            batch = [
                [number, {name: str(value) for name, value in row.items()}, json.dumps(row)]
                for number, row in enumerate(values)
            ]
            key = IdempotencyKey(str(new_id()), dataset, "")
            Batches(connection).begin_write(key, new_id(), CheckedRows(batch), mode="atomic")()

        yield rows
