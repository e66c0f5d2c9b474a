"""The API of the sources, and sources that the tests declare."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from functions.api.sources.deps import deps
from functions.api.sources.handler import handle
from tests.postgres.databases import Connection, Database
from tests.unit.http.api_client import ApiResponse, call

Api = Callable[..., ApiResponse]


@pytest.fixture
def api(database: Database, environment_of: Callable[[Database, str], None]) -> Iterator[Api]:
    environment_of(database, "waybill_sources")
    deps.cache_clear()
    yield partial(call, handle)
    deps().database.close()
    deps.cache_clear()


@pytest.fixture
def admin(database: Database) -> Iterator[Connection]:
    with database.connect() as connection:
        yield connection


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
