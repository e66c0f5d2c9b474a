"""Runs that are cancelled end by themselves; attempts that are killed are seen, and counted."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import pytest

from functions.api.jobs.deps import deps as jobs_deps
from functions.api.jobs.handler import handle as jobs
from functions.pipeline.extract import run_extraction
from functions.pipeline.extract.handler import handle as extract
from tests.cloud.fixtures import LANDING, Cloud
from tests.cloud.lambda_events import Context
from tests.integration.path.steps import settle
from tests.integration.sources.api_server import ApiServer, serving
from tests.integration.sources.conftest import Api
from tests.integration.sources.kills import Dying
from tests.integration.sources.runs import deliver_events, run_through
from tests.integration.sources.test_runs import created, ids, job, runs, started
from tests.postgres.databases import Connection, Database
from tests.unit.http.api_client import call


@pytest.fixture
def remote() -> Iterator[ApiServer]:
    with serving([{"id": n, "department": f"Department {n}"} for n in range(35)]) as made:
        yield made


@pytest.fixture
def jobs_api(database: Database, environment_of: Callable[[Database, str], None]) -> Iterator[Api]:
    """The endpoints of the jobs; `api` comes after it and sets the environment again."""
    environment_of(database, "waybill_jobs")
    jobs_deps.cache_clear()
    jobs_deps()
    yield partial(call, jobs)
    jobs_deps().database.close()
    jobs_deps.cache_clear()


class Pulled(NamedTuple):
    """Both APIs, the cloud, the database, and the source."""

    jobs_api: Api
    api: Api
    cloud: Cloud
    admin: Connection
    remote: ApiServer


@pytest.fixture
def pulled(jobs_api: Api, api: Api, cloud: Cloud, admin: Connection, remote: ApiServer) -> Pulled:
    return Pulled(jobs_api, api, cloud, admin, remote)


@pytest.mark.parametrize("checkpoint_bytes", [1, 10**6])
def test_a_cancelled_run_stops_reading(
    pulled: Pulled, monkeypatch: pytest.MonkeyPatch, checkpoint_bytes: int
) -> None:
    jobs_api, api, cloud, admin, remote = pulled
    monkeypatch.setenv("CHECKPOINT_BYTES", str(checkpoint_bytes))
    monkeypatch.setattr(run_extraction, "_LOOK_SECONDS", 0)
    source_id = created(api, remote)
    job_id = started(api, source_id)
    answered: list[int] = []

    def cancel(position: int) -> None:
        if position == 2:
            answered.append(jobs_api("DELETE", f"/jobs/{job_id}").status)

    remote.before = cancel
    run_through(cloud)
    # The page that was being read when the cancellation came is the last one.
    assert (answered, len(remote.requests)) == ([202], 2)
    assert (job(admin, job_id)["state"], ids(admin)) == ("CANCELLED", [])
    assert cloud.s3.list_multipart_uploads(Bucket=LANDING).get("Uploads", []) == []
    assert cloud.s3.list_objects_v2(Bucket=LANDING).get("KeyCount") == 0
    assert jobs_api("DELETE", f"/jobs/{job_id}").problem() == (409, "job-ended")
    remote.before = None
    started(api, source_id)
    run_through(cloud)
    assert ids(admin) == [*range(35)]


def test_a_run_that_was_cancelled_before_it_began_reads_nothing(
    jobs_api: Api, api: Api, cloud: Cloud, admin: Connection, remote: ApiServer
) -> None:
    job_id = started(api, created(api, remote))
    assert jobs_api("DELETE", f"/jobs/{job_id}").status == 202
    run_through(cloud)
    assert remote.requests == []
    assert job(admin, job_id)["state"] == "CANCELLED"


def kill_one_attempt(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deliver the message to an attempt that dies at its first page."""

    def dies(*_: Any) -> Any:
        raise KeyboardInterrupt

    (record,) = cloud.take("extracts")
    with monkeypatch.context() as patched:
        patched.setattr(run_extraction, "read_source", dies)
        with pytest.raises(KeyboardInterrupt):
            extract({"Records": [record]}, Dying())
    cloud.sqs.send_message(QueueUrl=cloud.queues["extracts"], MessageBody=record["body"])


def test_an_attempt_that_was_killed_is_shown(
    pulled: Pulled, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs_api, api, cloud, admin, remote = pulled
    job_id = started(api, created(api, remote))
    kill_one_attempt(cloud, monkeypatch)
    run_through(cloud)
    assert job(admin, job_id)["state"] == "COMPLETED"
    assert runs(admin, job_id) == [(1, "retry", "run-abandoned"), (2, "ok", None)]
    shown = jobs_api("GET", f"/jobs/{job_id}/runs").json()["items"]
    assert [run["attempt"] for run in shown if run["step"] == "extract"] == [1, 2]


def test_killed_attempts_count_for_the_policy(
    api: Api, cloud: Cloud, admin: Connection, remote: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = started(api, created(api, remote, retry={"attempts": 2}))
    for _ in range(2):
        kill_one_attempt(cloud, monkeypatch)
        # Counted, and sent again.
        extract({"Records": cloud.take("extracts")}, Context())
    deliver_events(cloud)
    settle(cloud)
    found = job(admin, job_id)
    assert (found["state"], found["error"]["type"]) == ("FAILED", "killed-repeatedly")
    assert runs(admin, job_id) == [(n, "retry", "run-abandoned") for n in (1, 2)]
    assert cloud.s3.list_multipart_uploads(Bucket=LANDING).get("Uploads", []) == []
    assert not cloud.waiting("extracts")


@pytest.mark.parametrize("records", [35, 0])
def test_the_event_of_a_ticket_that_comes_again_makes_no_attempt(
    pulled: Pulled, records: int
) -> None:
    _, api, cloud, admin, remote = pulled
    if not records:
        remote.records.clear()
    started(api, created(api, remote))
    run_through(cloud)
    before = _attempts(admin)
    assert ("merge", 1) in before
    deliver_events(cloud)
    settle(cloud)
    assert _attempts(admin) == before
    # An end that nobody was told of is published now.
    admin.execute("UPDATE waybill.outbox SET published_at = NULL WHERE kind = 'job.finished'")
    deliver_events(cloud)
    settle(cloud)
    assert _attempts(admin) != before
    unpublished = admin.execute("SELECT count(*) FROM waybill.outbox WHERE published_at IS NULL")
    assert unpublished.fetchone() == (0,)


def _attempts(admin: Connection) -> list[tuple[Any, ...]]:
    return admin.execute(
        "SELECT step, attempt FROM waybill.job_runs WHERE step IN ('extract', 'merge')"
        " ORDER BY step, attempt"
    ).fetchall()
