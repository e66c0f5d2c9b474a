"""The database of the function `plan`."""

from collections.abc import Callable, Iterator

import pytest

from tests.postgres.databases import Connection, Database
from tests.postgres.roles import PIPELINE


@pytest.fixture
def admin(
    database: Database, environment_of: Callable[[Database, str], None]
) -> Iterator[Connection]:
    environment_of(database, "waybill_plan")
    with database.connect() as connection:
        yield connection


@pytest.fixture
def pipeline(
    admin: Connection, database: Database, environment_of: Callable[[Database, str], None]
) -> None:
    """For tests that go on to load and merge: functions act as a role of all steps."""
    assert admin
    environment_of(database, PIPELINE)
