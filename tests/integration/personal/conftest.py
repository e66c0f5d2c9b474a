"""The patients, and clients of the functions that show them."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from functions.api.batch.deps import deps as batch_deps
from functions.api.documents.deps import deps as documents_deps
from functions.api.jobs.deps import deps as jobs_deps
from functions.api.lookups.deps import deps as lookups_deps
from tests.cloud.fixtures import Cloud
from tests.integration.batch.conftest import publish_all
from tests.integration.personal.patients import TABLES, Patients
from tests.postgres.databases import Database
from tests.sql.analytics.seed import owner
from waybill import consumer

# Functions of different types that have a `database`.
_DEPS: dict[str, Any] = {
    "waybill_batch": batch_deps,
    "waybill_documents": documents_deps,
    "waybill_jobs": jobs_deps,
    "waybill_lookups": lookups_deps,
}


@pytest.fixture
def patients(
    cloud: Cloud,
    database: Database,
    environment_of: Callable[[Database, str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Patients]:
    with owner(database) as connection:
        connection.execute(TABLES.encode())
    publish_all(cloud, database)
    monkeypatch.setattr(consumer, "delay_seconds", lambda _: 0)
    for role, deps in _DEPS.items():
        environment_of(database, role)
        deps.cache_clear()
        deps()
    environment_of(database, "pipeline")
    yield Patients(cloud, database)
    for deps in _DEPS.values():
        deps().database.close()
        deps.cache_clear()
