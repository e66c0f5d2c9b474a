"""A company whose views are fresh, and the function's environment."""

from collections.abc import Iterator

import pytest

from functions.api.analytics.deps import deps
from tests.postgres.databases import Database
from tests.sql.analytics.seed import owner, refresh, seed


@pytest.fixture
def company(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    with owner(database) as connection:
        seed(connection)
    with database.connect("waybill_refresh") as connection:
        for year in ("2020", "2021", "2022"):
            refresh(connection, year)
    for name, value in database.environment("waybill_analytics").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DATABASE_SECRET_ARN", "arn:test")
    monkeypatch.setattr("waybill.database.connect._secret", lambda _: "test")
    deps.cache_clear()
    yield database
    deps().database.close()
    deps.cache_clear()
