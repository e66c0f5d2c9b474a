"""A real Prometheus reads every metric of the running stack, with a reader's token."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest

from infra.local.clients import Clients
from infra.local.stack import Stack
from infra.local.status import Status
from tests.e2e.client_calls import load
from tests.e2e.faults import AT_ONCE, variables
from tests.integration.metrics.prometheus_server import ask, prometheus
from waybill.metrics.catalogue import LAKE_FAILURES, MESSAGES_UNREACHED, METRICS
from waybill_client import Waybill

pytestmark = pytest.mark.e2e
_PATIENCE_SECONDS = 180
# As long as a new process of the function takes on a slow machine.
_EVERY_SECONDS = 10
# A bucket that is missing lets a migration fail.
_BROKEN = {"STATE_BUCKET": "waybill-local-missing", **AT_ONCE}
# An outage is one of the faults of test_faults.py; what the lake counts as failed, and that it is
# written, is in tests/integration/metrics/test_alarms_fire.py.
EXPECTED = {one.name for one in METRICS} - {MESSAGES_UNREACHED.name, LAKE_FAILURES.name}
_OPEN_JOB = (
    "INSERT INTO waybill.ingestion_jobs (job_id, dataset, state, created_at)"
    " VALUES (gen_random_uuid(), 'departments', 'LANDED', now()) RETURNING job_id"
)
_SOURCE = (
    "INSERT INTO waybill.data_sources (name, kind, connection, dataset, late_after_seconds)"
    " VALUES ('metered', 'rest', '{}', 'departments', 3600)"
)


@contextmanager
def figures(aws: Clients, stack: Status) -> Iterator[None]:
    """The database has one of each kind that it has figures of; they are read."""
    with psycopg.connect(str(stack.database_url), autocommit=True) as admin:
        (job_id,) = admin.execute(_OPEN_JOB).fetchone() or ()
        admin.execute(_SOURCE)
        aws("lambda").invoke(FunctionName="waybill-local-reap", Payload=b"{}")
        yield
        admin.execute("DELETE FROM waybill.ingestion_jobs WHERE job_id = %s", (job_id,))
        admin.execute("DELETE FROM waybill.data_sources WHERE name = 'metered'")


def look_up(http: httpx.Client) -> None:
    response = http.get("/users/scan", params={"email": "nobody@example.com"})
    assert response.status_code in (httpx.codes.OK, httpx.codes.NOT_FOUND)


def names(port: int) -> set[str]:
    """The metrics that the server has."""
    found = ask(port, 'count by (__name__) ({__name__=~"waybill_.+"})')
    every = {each["metric"]["__name__"] for each in found}
    return {name.removesuffix("_bucket") for name in every if not name.endswith(("_sum", "_count"))}


@pytest.fixture
def port(local_stack: Stack, stack: Status, tmp_path: Path) -> Iterator[int]:
    """Of a Prometheus with a reader's token."""
    api, token = urlsplit(str(stack.api)), local_stack.issuer().token("reader")
    path = f"{api.path}/metrics"
    with prometheus(
        tmp_path, api.port or 0, path=path, token=token, every_seconds=_EVERY_SECONDS
    ) as port:
        yield port


@pytest.fixture
def _used(aws: Clients, waybill: Waybill, http: httpx.Client, tmp_path: Path) -> Iterator[None]:
    """The stack did what the metrics of its processes count."""
    with variables(aws, "lookups", AT_ONCE), variables(aws, "migrate", _BROKEN):
        load(waybill, tmp_path, "departments", "id,department\n991,Metered\nx,Bad\n")
        # Its department is not there.
        load(waybill, tmp_path, "hired_employees", "990991,Ada,2021-07-27T16:02:08Z,999991,1\n")
        look_up(http)
        failed = aws("lambda").invoke(FunctionName="waybill-local-migrate", Payload=b"{}")
        assert failed["FunctionError"]
        yield


@pytest.mark.usefixtures("_used")
def test_every_metric_is_read(port: int, aws: Clients, stack: Status) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    with figures(aws, stack):
        while (missing := EXPECTED - names(port)) and time.monotonic() < deadline:
            time.sleep(0.5)
    assert missing == set()
    assert ask(port, 'up{job="waybill"} == 1')
    queues = {one["metric"]["queue"] for one in ask(port, "waybill_queue_messages")}
    assert {f"{name}-dlq" for name in ("landed", "chunks", "merges", "extracts")} < queues
    assert "undelivered-dlq" in queues


def test_without_a_token_nothing_is_read(stack: Status, tmp_path: Path) -> None:
    api = urlsplit(str(stack.api))
    path = f"{api.path}/metrics"
    with prometheus(tmp_path, api.port or 0, path=path, every_seconds=_EVERY_SECONDS) as port:
        assert ask(port, 'up{job="waybill"} == 0')
