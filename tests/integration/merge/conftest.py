"""Fixtures of the merge function."""

from collections.abc import Callable, Iterator

import pytest

from tests.integration.merge.staged_jobs import Staged
from tests.postgres.databases import Database


@pytest.fixture
def staged(database: Database, environment_of: Callable[[Database, str], None]) -> Iterator[Staged]:
    environment_of(database, "waybill_merge")
    with database.connect() as admin:
        admin.execute("SET ROLE waybill_owner")
        yield Staged(admin)
