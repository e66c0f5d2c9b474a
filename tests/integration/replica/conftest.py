"""A writer and its reader, with a company whose figures are fresh."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.replica.standby import Pair, running
from tests.postgres.databases import Database
from tests.sql.analytics.seed import owner, refresh, seed


@pytest.fixture(scope="package")
def pair() -> Iterator[Pair]:
    with tempfile.TemporaryDirectory(prefix="waybill-replica-") as folder:
        # Not pytest's own, which the account of the server may not enter.
        Path(folder).chmod(0o755)
        with running(Path(folder)) as found:
            _found_company(found.writer)
            yield found


def _found_company(writer: Database) -> None:
    with owner(writer) as connection:
        seed(connection)
    with writer.connect("waybill_refresh") as connection:
        for year in ("2020", "2021", "2022"):
            refresh(connection, year)


@pytest.fixture
def environment(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The environment of a function that has a reader; the role is the test's."""
    monkeypatch.setenv("DATABASE_READER_HOST", "127.0.0.1")
    monkeypatch.setenv("DATABASE_READER_PORT", str(pair.reader.port))
    monkeypatch.setenv("DATABASE_SECRET_ARN", "arn:test")
    monkeypatch.setattr("waybill.database.connect._secret", lambda _: "test")
    return monkeypatch
