"""An object is verified against its own upload request, and against no other."""

from typing import Any

import pytest

from tests.cloud.fixtures import Cloud
from tests.integration.path.steps import settle
from tests.integration.plan.object_events import (
    CSV,
    deliver,
    elements,
    issue_ticket,
    jobs,
    many,
    problem,
    put,
)
from tests.postgres.databases import Connection

WRONG = "00" * 32

pytestmark = pytest.mark.usefixtures("pipeline")


def departments(connection: Connection) -> list[tuple[Any, ...]]:
    return connection.execute("SELECT id FROM departments").fetchall()


@pytest.mark.parametrize("body", [many(400), elements(400)])
def test_a_file_of_many_chunks_with_another_hash_loads_nothing(
    admin: Connection, cloud: Cloud, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    monkeypatch.setenv("CHUNK_BYTES", "1000")
    ticket = issue_ticket(cloud, "departments", body, sha256=WRONG)
    assert deliver(put(cloud, ticket.key, body)) == []
    settle(cloud)
    assert problem(jobs(admin)[0]) == "checksum-mismatch"
    assert departments(admin) == []


def test_a_resumed_plan_of_a_file_with_another_hash_loads_nothing(
    admin: Connection, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHUNK_BYTES", "1000")
    ticket = issue_ticket(cloud, "departments", elements(400))
    event = put(cloud, ticket.key, elements(400))
    deliver(event)
    cloud.take("chunks")
    admin.execute("UPDATE waybill.ingestion_jobs SET chunks_total = NULL, sha256 = NULL")
    admin.execute("DELETE FROM waybill.chunks WHERE chunk > 2")
    same = {"job_id": str(ticket.job_id), "key": ticket.key}
    issue_ticket(cloud, "departments", elements(400), sha256=WRONG, **same)
    deliver(event)
    settle(cloud)
    assert problem(jobs(admin)[0]) == "checksum-mismatch"
    assert departments(admin) == []


def test_an_object_under_the_key_of_another_upload_is_a_job_of_its_own(
    admin: Connection, cloud: Cloud
) -> None:
    ticket = issue_ticket(cloud, "departments", CSV)
    deliver(put(cloud, ticket.key + ".copy", CSV + b"4,Support\n"))
    (copied,) = jobs(admin)
    assert copied["job_id"] != str(ticket.job_id)
    assert (copied["kind"], copied["state"]) == ("s3", "LOADING")
    deliver(put(cloud, ticket.key, CSV))
    assert jobs(admin)[1]["job_id"] == str(ticket.job_id)
    settle(cloud)
    assert [job["state"] for job in jobs(admin)] == ["COMPLETED", "COMPLETED"]
