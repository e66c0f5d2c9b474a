"""Sources of every kind, from the request to rows in a table with a waybill, as deployed."""

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import psycopg
import pytest

from infra.local.clients import Clients
from infra.local.function_logs import read_lines
from infra.local.status import Status
from tests.e2e.client_calls import counted
from tests.e2e.legacy_systems import (
    FAULTS,
    PAGES,
    LegacySystems,
    create,
    legacy_systems,
    loaded_ids,
)
from tests.integration.sources import mariadb_server
from tests.integration.sources.api_server import serving
from waybill_client import Waybill
from waybill_client.models import Job

pytestmark = pytest.mark.e2e

_PATIENCE_SECONDS = 300
_ROWS = range(450)
_FILES = 200
_TABLES = ("postgresql", "mariadb")


class Pulled(NamedTuple):
    """A source that was run once, and the job of its run."""

    source_id: str
    job: Job
    runs: list[dict[str, Any]]

    @property
    def outcomes(self) -> set[str]:
        """How the attempts to read the source ended: `ok`, or the type of the problem."""
        return {
            run["error"]["type"].rsplit("/", 1)[-1] if run.get("error") else run["outcome"]
            for run in self.runs
            if run["step"] == "extract"
        }


@pytest.fixture(scope="module")
def legacy(aws: Clients) -> Iterator[LegacySystems]:
    with legacy_systems(aws) as systems:
        yield systems


@pytest.fixture(scope="module")
def pulled(legacy: LegacySystems, stack: Status, api: str, token: Any) -> dict[str, Pulled]:
    """APIs with each kind of pages and every fault, and two tables: all run at once."""
    connections = {f"by_{kind}": legacy.api(kind, _ROWS, FAULTS) for kind in PAGES}
    connections["postgresql"] = legacy.postgresql_table("wards", _ROWS)
    connections["mariadb"] = legacy.mariadb_table("wards", _ROWS)
    headers = {"Authorization": f"Bearer {token()}"}
    with (
        httpx.Client(base_url=api, headers=headers, timeout=60) as http,
        Waybill(api, token=token) as waybill,
    ):
        sources = {
            name: create(http, stack, name, connection) for name, connection in connections.items()
        }
        started = {name: start(http, source_id) for name, source_id in sources.items()}
        return {
            name: Pulled(
                sources[name],
                waybill.wait(job_id, timeout_seconds=_PATIENCE_SECONDS),
                list(waybill.runs(job_id)),
            )
            for name, job_id in started.items()
        }


def start(http: httpx.Client, source_id: str) -> str:
    response = http.post("jobs", json={"source_id": source_id})
    assert response.status_code == httpx.codes.ACCEPTED, response.text
    return str(response.json()["job_id"])


def job_ids(waybill: Waybill, dataset: str, count: int) -> set[str]:
    """The jobs of the dataset, once there are so many: S3's events come after the copies."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        found = {str(job["job_id"]) for job in waybill.jobs(dataset=dataset)}
        if len(found) >= count or time.monotonic() > deadline:
            return found
        time.sleep(1)


@pytest.mark.parametrize("name", [*(f"by_{kind}" for kind in PAGES), *_TABLES])
def test_a_source_is_in_its_table_once_with_a_waybill(
    pulled: dict[str, Pulled], stack: Status, name: str
) -> None:
    job = pulled[name].job
    assert (job["state"], counted(job)) == ("COMPLETED", {"read": 450, "inserted": 450})
    assert loaded_ids(str(stack.database_url), name) == [*_ROWS]


@pytest.mark.parametrize("kind", PAGES)
def test_every_attempt_of_an_api_with_faults_is_shown(pulled: dict[str, Pulled], kind: str) -> None:
    assert pulled[f"by_{kind}"].outcomes == {
        "ok", "source-server-error", "source-invalid-response"
    }  # fmt: skip


def test_sources_show_their_cursor_and_freshness(
    pulled: dict[str, Pulled], http: httpx.Client
) -> None:
    for name, each in pulled.items():
        source = http.get(f"data-sources/{each.source_id}").json()
        assert source["last_job_id"] == each.job["job_id"], name
        assert source["freshness"]["lag_seconds"] < _PATIENCE_SECONDS
        assert not source["freshness"]["is_late"]


def test_records_that_change_while_they_are_read_are_in_the_next_run(
    stack: Status, http: httpx.Client, waybill: Waybill
) -> None:
    records = [{"id": n, "ward": f"Ward {n}", "changed": f"{n:04}"} for n in range(300)]
    with serving(list(records), 100) as server:

        def change(requests: int) -> None:
            if requests == 2:
                server.records.append({"id": 300, "ward": "new", "changed": "0300"})
                server.records[7] = {"id": 7, "ward": "renamed", "changed": "0301"}

        server.before = change
        connection = LegacySystems.connection_to(server, "offset")
        connection["incremental"] = {"field": "changed", "parameter": "since"}
        source_id = create(http, stack, "changing", connection, more="changed text")
        first = waybill.wait(start(http, source_id), timeout_seconds=_PATIENCE_SECONDS)
        second = waybill.wait(start(http, source_id), timeout_seconds=_PATIENCE_SECONDS)
    assert counted(first) == {"read": 301, "inserted": 301}
    assert counted(second) == {"read": 2, "updated": 1, "unchanged": 1}
    with psycopg.connect(str(stack.database_url)) as admin:
        found = admin.execute("SELECT id, ward FROM changing WHERE ward !~ '^Ward' ORDER BY id")
        assert found.fetchall() == [(7, "renamed"), (300, "new")]


def test_every_object_of_a_prefix_is_loaded_once(
    legacy: LegacySystems, stack: Status, http: httpx.Client, waybill: Waybill
) -> None:
    numbers = range(2 * _FILES)
    groups = [numbers[first::_FILES] for first in range(_FILES)]
    source_id = create(http, stack, "objects", legacy.objects("objects", groups))
    run = waybill.wait(start(http, source_id), timeout_seconds=_PATIENCE_SECONDS)
    assert run["state"] == "COMPLETED", run
    jobs = [
        waybill.wait(job_id, timeout_seconds=_PATIENCE_SECONDS)
        for job_id in job_ids(waybill, "objects", _FILES + 1) - {run["job_id"]}
    ]
    assert len(jobs) == _FILES
    assert [job for job in jobs if counted(job) != {"read": 2, "inserted": 2}] == []
    assert loaded_ids(str(stack.database_url), "objects") == [*numbers]


def test_no_credential_is_in_a_log_or_a_response(
    pulled: dict[str, Pulled], legacy: LegacySystems, aws: Clients, http: httpx.Client
) -> None:
    # A backslash is written as two.
    passwords = (legacy.postgres.superuser_password, mariadb_server.PASSWORD.partition("\\")[0])
    lines = list(read_lines(aws, function=None, follow=False))
    assert any("extraction.done" in line for line in lines)
    sources = [http.get(f"data-sources/{each.source_id}").text for each in pulled.values()]
    for text in (*lines, *sources, http.get("audit-logs").text):
        assert not any(password in text for password in passwords)
