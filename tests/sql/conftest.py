"""Fixtures of the SQL tests."""

from collections.abc import Iterator

import pytest

from tests.postgres.databases import Database
from tests.sql.staging import Ledger


@pytest.fixture
def ledger(database: Database) -> Iterator[Ledger]:
    ledger = Ledger(database)
    yield ledger
    ledger.close()
