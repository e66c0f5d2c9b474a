"""A run of a source becomes a file, and the file is loaded like any other."""

from collections.abc import Callable
from typing import Any, NamedTuple

import boto3
import pytest

from functions.pipeline.extract.handler import handle as extract
from tests.cloud.fixtures import LANDING, Cloud
from tests.cloud.lambda_events import Context
from tests.integration.path.steps import settle
from tests.integration.sources.api_server import ApiServer, Fault
from tests.integration.sources.conftest import Api
from tests.integration.sources.runs import deliver_events, extract_once, run_through
from tests.postgres.databases import Connection
from waybill.database.jobs import Jobs
from waybill.ids import new_id


class Pulled(NamedTuple):
    """The API, the cloud, the database, and the source."""

    api: Api
    cloud: Cloud
    admin: Connection
    remote: ApiServer


@pytest.fixture
def pulled(api: Api, cloud: Cloud, admin: Connection, remote: ApiServer) -> Pulled:
    return Pulled(api, cloud, admin, remote)


def created(api: Api, remote: ApiServer, **changes: Any) -> str:
    """A source of departments; its id."""
    connection = {
        "url": f"{remote.url}/cursor",
        "records": "data",
        "pages": {"kind": "cursor", "next": "meta.next"},
        **changes.pop("connection", {}),
    }
    source = {"name": "harbour", "kind": "rest", "connection": connection, "dataset": "departments"}
    response = api("POST", "/data-sources", {**source, **changes})
    assert response.status == 201, response.text
    return str(response.json()["id"])


def started(api: Api, source_id: str) -> str:
    response = api("POST", "/jobs", {"source_id": source_id})
    assert response.status == 202, response.text
    return str(response.json()["job_id"])


def job(admin: Connection, job_id: str) -> dict[str, Any]:
    ((document,),) = admin.execute(
        "SELECT document FROM waybill.job_documents WHERE job_id = %s", (job_id,)
    ).fetchall()
    found: dict[str, Any] = document
    return found


def ids(admin: Connection) -> list[int]:
    return [row[0] for row in admin.execute("SELECT id FROM departments ORDER BY id")]


def runs(admin: Connection, job_id: str) -> list[tuple[int, str, str | None]]:
    rows = admin.execute(
        "SELECT attempt, outcome, error ->> 'type' FROM waybill.job_runs"
        " WHERE job_id = %s AND step = 'extract' ORDER BY run_id",
        (job_id,),
    )
    return rows.fetchall()


@pytest.mark.usefixtures("ignore_unknown")
def test_a_source_is_run_and_loaded(
    api: Api, cloud: Cloud, admin: Connection, remote: ApiServer
) -> None:
    source_id = created(api, remote)
    job_id = started(api, source_id)
    assert job(admin, job_id)["state"] == "EXTRACTING"
    run_through(cloud)
    found = job(admin, job_id)
    assert found["state"] == "COMPLETED"
    assert (found["source"]["kind"], found["waybill"]["inserted"]) == ("rest", 35)
    assert ids(admin) == [*range(35)]
    assert runs(admin, job_id) == [(1, "ok", None)]
    source = api("GET", f"/data-sources/{source_id}").json()
    assert source["last_job_id"] == job_id
    assert 0 <= source["freshness"]["lag_seconds"] < 600


@pytest.mark.usefixtures("ignore_unknown")
def test_the_next_run_begins_where_the_last_one_ended(
    api: Api, cloud: Cloud, admin: Connection, remote: ApiServer
) -> None:
    incremental = {"field": "changed", "parameter": "since"}
    source_id = created(api, remote, connection={"incremental": incremental})
    started(api, source_id)
    run_through(cloud)
    assert api("GET", f"/data-sources/{source_id}").json()["cursor"] == "0034"
    remote.records.append({"id": 99, "department": "New", "changed": "0035"})
    job_id = started(api, source_id)
    run_through(cloud)
    waybill = job(admin, job_id)["waybill"]
    assert (waybill["read"], waybill["inserted"], waybill["unchanged"]) == (2, 1, 1)


@pytest.mark.usefixtures("ignore_unknown")
def test_a_run_that_was_not_loaded_is_read_again(
    api: Api, cloud: Cloud, admin: Connection, remote: ApiServer
) -> None:
    incremental = {"field": "changed", "parameter": "since"}
    source_id = created(api, remote, connection={"incremental": incremental})
    job_id = started(api, source_id)
    while extract_once(cloud):
        pass
    Jobs(admin).cancel(job_id)  # type: ignore[arg-type]
    deliver_events(cloud)
    settle(cloud)
    assert (job(admin, job_id)["state"], ids(admin)) == ("CANCELLED", [])
    started(api, source_id)
    run_through(cloud)
    assert ids(admin) == [*range(35)]


def test_a_run_that_finds_nothing_is_complete(
    api: Api, cloud: Cloud, admin: Connection, remote: ApiServer
) -> None:
    remote.records = []
    job_id = started(api, created(api, remote))
    run_through(cloud)
    found = job(admin, job_id)
    assert (found["state"], found["waybill"]["read"]) == ("COMPLETED", 0)
    assert job_id in {detail["job_id"] for detail in cloud.reported()}


@pytest.mark.usefixtures("ignore_unknown")
def test_a_run_is_tried_again_by_its_policy(
    api: Api, cloud: Cloud, admin: Connection, remote: ApiServer
) -> None:
    remote.faults = [Fault(), Fault(500), Fault(), Fault(429, "600"), Fault(truncated=True)]
    job_id = started(api, created(api, remote))
    run_through(cloud)
    assert job(admin, job_id)["waybill"]["inserted"] == 35
    assert runs(admin, job_id) == [
        (1, "retry", "source-server-error"),
        (2, "retry", "source-rate-limited"),
        (3, "retry", "source-invalid-response"),
        (4, "ok", None),
    ]
    # What was saved is not read again.
    assert [path for path in remote.requests if path == "/cursor"] == ["/cursor"]


@pytest.mark.parametrize(
    ("retry", "status", "failed"),
    [
        ({"attempts": 2}, 500, (2, "source-server-error")),
        ({"attempts": 9, "on": ["timeout"]}, 500, (1, "source-server-error")),
        ({"attempts": 9}, 403, (1, "source-refused")),
    ],
)
def test_a_run_fails_when_its_policy_says_so(
    pulled: Pulled, retry: dict[str, Any], status: int, failed: tuple[int, str]
) -> None:
    api, cloud, admin, remote = pulled
    remote.faults = [Fault(status)] * 9
    job_id = started(api, created(api, remote, retry=retry))
    run_through(cloud)
    found = job(admin, job_id)
    assert found["state"] == "FAILED"
    assert (len(runs(admin, job_id)), found["error"]["type"]) == failed
    assert cloud.s3.list_multipart_uploads(Bucket=LANDING).get("Uploads", []) == []


@pytest.mark.usefixtures("ignore_unknown")
def test_a_long_run_continues_in_other_invocations(
    api: Api, cloud: Cloud, admin: Connection, remote: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPARE_SECONDS", "1000")
    job_id = started(api, created(api, remote))
    run_through(cloud)
    assert job(admin, job_id)["waybill"]["inserted"] == 35
    assert runs(admin, job_id) == [(number, "ok", None) for number in range(1, 5)]


def test_what_cannot_be_run_is_refused(api: Api, remote: ApiServer) -> None:
    for body, problem in [
        ({"source_id": str(new_id())}, (404, "unknown-source")),
        ({}, (422, "invalid-request")),
        ({"dataset": "departments"}, (422, "invalid-request")),
        ({"source_id": str(new_id()), "dataset": "departments"}, (422, "invalid-request")),
        ({"dataset": "departments", "s3_uri": "http://x/y"}, (422, "invalid-request")),
        ({"dataset": "nowhere", "s3_uri": "s3://bucket/y"}, (422, "unknown-dataset")),
    ]:
        assert api("POST", "/jobs", body).problem() == problem
    assert remote.requests == []


def test_credentials_are_read_anew_for_each_run(
    api: Api, cloud: Cloud, admin: Connection, remote: ApiServer, secret: Callable[..., str]
) -> None:
    remote.records = [{"id": 1, "department": "One"}]
    remote.token = "first"
    arn = secret(token="first")
    source_id = created(api, remote, connection={"auth": {"kind": "bearer"}, "secret_arn": arn})
    started(api, source_id)
    run_through(cloud)
    remote.token = "second"
    boto3.client("secretsmanager").put_secret_value(
        SecretId=arn, SecretString='{"token": "second"}'
    )
    remote.records = [{"id": 2, "department": "Two"}]
    started(api, source_id)
    run_through(cloud)
    assert ids(admin) == [1, 2]


def test_a_secret_of_others_is_not_read(
    api: Api, cloud: Cloud, admin: Connection, remote: ApiServer
) -> None:
    arn = boto3.client("secretsmanager").create_secret(Name="other", SecretString="{}")["ARN"]
    source_id = created(api, remote, connection={"auth": {"kind": "bearer"}, "secret_arn": arn})
    job_id = started(api, source_id)
    run_through(cloud)
    assert job(admin, job_id)["error"]["type"] == "source-refused"
    assert remote.requests == []


def test_the_first_records_of_a_source_are_shown(remote: ApiServer, api: Api) -> None:
    source = api("GET", f"/data-sources/{created(api, remote)}").json()
    shown = extract({"source": source}, Context())["records"]
    assert [record["id"] for record in shown] == [0, 1, 2, 3, 4]
    remote.faults = [Fault(403)]
    assert extract({"source": source}, Context())["problem"]["type"] == "source-refused"
