"""Fixture `admin`: a connection as the owner, with functions that act as the loader."""

from collections.abc import Callable, Iterator

import pytest

from tests.postgres.databases import Connection, Database
from waybill import consumer


@pytest.fixture
def admin(
    database: Database,
    environment_of: Callable[[Database, str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Connection]:
    environment_of(database, "pipeline")
    monkeypatch.setattr(consumer, "delay_seconds", lambda _: 0)
    with database.connect() as connection:
        connection.execute("SET ROLE waybill_owner")
        yield connection
