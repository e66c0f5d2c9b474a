"""The database of the function `plan`."""

from collections.abc import Callable, Iterator

import pytest

from tests.postgres.databases import Connection, Database


@pytest.fixture
def admin(
    database: Database, environment_of: Callable[[Database, str], None]
) -> Iterator[Connection]:
    environment_of(database, "waybill_plan")
    with database.connect() as connection:
        yield connection
