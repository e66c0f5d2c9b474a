"""Fixtures of the SQL tests."""

from collections.abc import Iterator

import pytest

from tests.postgres.databases import Database
from tests.postgres.fixtures import migrated
from tests.postgres.linguistic import linguistic
from tests.sql.staging import Ledger


@pytest.fixture(scope="session")
def template_database(server: Database, request: pytest.FixtureRequest) -> Database:
    """The SQL tests run under the order of a language, as on Aurora; the other tests do not."""
    found = linguistic(server)
    return migrated(found) if found else request.getfixturevalue("template_database")


@pytest.fixture
def ledger(database: Database) -> Iterator[Ledger]:
    ledger = Ledger(database)
    yield ledger
    ledger.close()
