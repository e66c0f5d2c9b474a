"""A company in the database, its views fresh."""

from collections.abc import Iterator

import pytest

from tests.postgres.databases import Connection, Database
from tests.sql.analytics.seed import owner, refresh, seed


@pytest.fixture
def company(database: Database) -> Database:
    """The seeded database, every view refreshed by the role whose task it is."""
    with owner(database) as connection:
        seed(connection)
    with database.connect("waybill_refresh") as connection:
        for year in ("2020", "2021", "2022"):
            assert refresh(connection, year) == "refreshed"
    return database


@pytest.fixture
def reader(company: Database) -> Iterator[Connection]:
    with company.connect("waybill_analytics") as connection:
        yield connection


@pytest.fixture
def refresher(company: Database) -> Iterator[Connection]:
    with company.connect("waybill_refresh") as connection:
        yield connection
