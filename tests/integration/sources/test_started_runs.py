"""A run is started once, with what its source says then."""

import pytest

from functions.api.sources.handler import handle
from tests.cloud.fixtures import Cloud
from tests.cloud.lambda_events import Context
from tests.integration.sources.api_server import ApiServer
from tests.integration.sources.conftest import Api
from tests.integration.sources.runs import extract_once, run_through
from tests.integration.sources.test_runs import created, job, started
from tests.postgres.databases import Connection


@pytest.mark.usefixtures("ignore_unknown")
def test_a_run_has_the_rules_of_its_source_though_that_is_deleted(
    api: Api, cloud: Cloud, admin: Connection, remote: ApiServer
) -> None:
    rules = {"upper": ["department"], "filter": [{"column": "id", "in": ["1", "2"]}]}
    source_id = created(api, remote, transformation=rules)
    started(api, source_id)
    assert api("DELETE", f"/data-sources/{source_id}").status == 204
    run_through(cloud)
    rows = admin.execute("SELECT id, department FROM departments ORDER BY id").fetchall()
    assert rows == [(1, "DEPARTMENT 1"), (2, "DEPARTMENT 2")]


@pytest.mark.usefixtures("ignore_unknown")
def test_a_source_has_one_run_at_a_time(
    api: Api, cloud: Cloud, admin: Connection, remote: ApiServer
) -> None:
    source_id = created(api, remote)
    job_id = started(api, source_id)
    second = api("POST", "/jobs", {"source_id": source_id})
    assert second.problem() == (409, "source-running")
    assert handle({"source_id": source_id}, Context()) == {"job_id": None}
    # The message was sent three times; the run is one all the same.
    run_through(cloud)
    assert job(admin, job_id)["waybill"]["inserted"] == 35
    assert admin.execute("SELECT count(*) FROM waybill.ingestion_jobs").fetchone() == (1,)


@pytest.mark.usefixtures("ignore_unknown")
def test_a_run_that_is_requested_again_before_its_file_is_registered_is_not_repeated(
    api: Api, cloud: Cloud, admin: Connection, remote: ApiServer
) -> None:
    source_id = created(api, remote)
    started(api, source_id)
    while extract_once(cloud):
        pass
    assert api("POST", "/jobs", {"source_id": source_id}).status == 409
    run_through(cloud)
    assert remote.requests.count("/cursor") == 1
    assert admin.execute("SELECT count(*) FROM waybill.ingestion_jobs").fetchone() == (1,)


@pytest.mark.usefixtures("ignore_unknown")
def test_a_schedule_starts_a_run(
    api: Api, cloud: Cloud, admin: Connection, remote: ApiServer
) -> None:
    source_id = created(api, remote, schedule="rate(1 hour)")
    job_id = str(handle({"source_id": source_id}, Context())["job_id"])
    run_through(cloud)
    assert job(admin, job_id)["state"] == "COMPLETED"
