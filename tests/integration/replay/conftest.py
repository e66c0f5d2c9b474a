"""Fixtures of replays."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from functions.api.jobs.deps import deps
from functions.api.jobs.handler import handle
from tests.cloud.fixtures import Cloud
from tests.integration.batch.conftest import publish_all
from tests.integration.replay.rejected_files import Replays
from tests.postgres.databases import Database
from tests.unit.http.api_client import call
from waybill import consumer


@pytest.fixture
def replays(
    cloud: Cloud,
    database: Database,
    environment_of: Callable[[Database, str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Replays]:
    environment_of(database, "waybill_jobs")
    publish_all(cloud, database)
    deps.cache_clear()
    deps()
    environment_of(database, "pipeline")
    monkeypatch.setattr(consumer, "delay_seconds", lambda _: 0)
    # Nor for its turn: `settle` would find a message of a job that has ended still waiting.
    monkeypatch.setattr(consumer, "_busy_seconds", lambda *_: 0)
    yield Replays(cloud, database, partial(call, handle))
    deps().database.close()
    deps.cache_clear()
