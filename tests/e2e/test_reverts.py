"""Loads are taken back by the queue of the deployed stack."""

from pathlib import Path

import httpx
import psycopg
import pytest

from infra.local.status import Status
from tests.cloud.archive_files import zipped
from tests.e2e.client_calls import load
from tests.e2e.faults import until
from waybill_client import ProblemError, Waybill

pytestmark = pytest.mark.e2e

FILES = {
    "one.csv": b"id,department\n931101,One\n931102,Two\n",
    "two.csv": b"id,department\n931102,Second\nx,Third\n",
}


def departments(stack: Status, first: int) -> list[tuple[int, str]]:
    with psycopg.connect(str(stack.database_url)) as admin:
        return admin.execute(
            "SELECT id, department FROM departments WHERE id BETWEEN %s AND %s ORDER BY id",
            (first, first + 49),
        ).fetchall()


def test_a_load_is_taken_back(
    http: httpx.Client, waybill: Waybill, stack: Status, tmp_path: Path
) -> None:
    load(waybill, tmp_path, "departments", b"931151,One\n")
    job = load(waybill, tmp_path, "departments", b"931151,Uno\n931152,Two\n")["job_id"]
    response = http.post(f"/jobs/{job}/revert?wait=0")
    assert response.status_code == 202
    assert response.headers["Location"].endswith(f"/jobs/{job}")
    found = waybill.wait(job)
    assert found["state"] == "REVERTED"
    assert (found["revert"]["removed"], found["revert"]["restored"]) == (1, 1)
    assert http.post(f"/jobs/{job}/revert").json()["revert"] == found["revert"]
    assert departments(stack, 931151) == [(931151, "One")]
    # The run ends after the transaction that it made.
    until(lambda: ended(http, job), "the run has ended")
    assert ended(http, job)[-1] == "ok"


def ended(http: httpx.Client, job: str) -> list[str]:
    """The outcomes of the runs of a job's revert; none while one goes on."""
    runs = http.get(f"/jobs/{job}/runs").json()["items"]
    outcomes = [run["outcome"] for run in runs if run["step"] == "revert"]
    return outcomes if all(outcomes) else []


def test_a_refused_revert_names_the_later_load(waybill: Waybill, tmp_path: Path) -> None:
    job = load(waybill, tmp_path, "departments", b"931161,One\n")["job_id"]
    later = load(waybill, tmp_path, "departments", b"931161,Uno\n")["job_id"]
    with pytest.raises(ProblemError, match=f"was changed by job {later}") as caught:
        waybill.revert(job)
    assert caught.value.code == "not-revertible"
    found = waybill.job(job)
    assert found["state"] == "COMPLETED"
    assert found["revert_error"]["errors"][0]["code"] == "row-changed"


def test_an_archive_is_taken_back_whole(waybill: Waybill, stack: Status, tmp_path: Path) -> None:
    job = load(waybill, tmp_path, "departments", zipped(FILES))["job_id"]
    (reject,) = waybill.rejects(job)
    assert (reject.get("member"), reject["line"]) == ("two.csv", 3)
    assert [one["source"]["filename"] for one in waybill.jobs(archive_job_id=job)] == [
        "two.csv", "one.csv",
    ]  # fmt: skip
    revert = waybill.revert(job)
    assert (revert["rows"], revert["removed"], revert["restored"]) == (3, 2, 1)
    assert departments(stack, 931101) == []
    states = {one["state"] for one in waybill.jobs(archive_job_id=job)}
    assert states == {"REVERTED"}
