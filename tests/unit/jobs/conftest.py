"""Fixtures of the jobs endpoints."""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Protocol

import pytest

from functions.api.jobs.deps import deps
from functions.api.jobs.handler import handle
from tests.postgres.databases import Database
from tests.sql.staging import Ledger
from tests.unit.http.api_client import ApiResponse, call, connect_as

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DEPARTMENTS = [("1", "Sales"), ("2", "Legal")]


class Ask(Protocol):
    def __call__(
        self, method: str, target: str, body: object = None, headers: dict[str, str] | None = None
    ) -> ApiResponse: ...


@pytest.fixture
def ask(
    aws: "S3Client",  # noqa: ARG001 - the handler reads tickets and contracts from it
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Ask]:
    """Call the jobs endpoints, which connect as their own role."""
    connect_as("waybill_jobs", database, monkeypatch)
    deps.cache_clear()
    yield partial(call, handle)
    deps().database.close()
    deps.cache_clear()


@pytest.fixture
def ledger(database: Database) -> Iterator[Ledger]:
    ledger = Ledger(database)
    yield ledger
    ledger.close()
