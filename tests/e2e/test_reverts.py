"""Loads are taken back by the queue of the deployed stack."""

from pathlib import Path

import httpx
import psycopg
import pytest

from infra.local.status import Status
from tests.cloud.archive_files import zipped
from tests.e2e.client_calls import load
from waybill_client import ProblemError, Waybill

pytestmark = pytest.mark.e2e

FILES = {
    "one.csv": b"id,department\n9701,One\n9702,Two\n",
    "two.csv": b"id,department\n9702,Second\nx,Third\n",
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
    load(waybill, tmp_path, "departments", b"9751,One\n")
    job = load(waybill, tmp_path, "departments", b"9751,Uno\n9752,Two\n")["job_id"]
    response = http.post(f"/jobs/{job}/revert?wait=0")
    assert response.status_code == 202
    assert response.headers["Location"].endswith(f"/jobs/{job}")
    found = waybill.wait(job)
    assert found["state"] == "REVERTED"
    assert (found["revert"]["removed"], found["revert"]["restored"]) == (1, 1)
    assert http.post(f"/jobs/{job}/revert").json()["revert"] == found["revert"]
    assert departments(stack, 9751) == [(9751, "One")]
    runs = http.get(f"/jobs/{job}/runs").json()["items"]
    assert [run["outcome"] for run in runs if run["step"] == "revert"][-1] == "ok"


def test_a_refused_revert_names_the_later_load(waybill: Waybill, tmp_path: Path) -> None:
    job = load(waybill, tmp_path, "departments", b"9761,One\n")["job_id"]
    later = load(waybill, tmp_path, "departments", b"9761,Uno\n")["job_id"]
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
    assert departments(stack, 9701) == []
    states = {one["state"] for one in waybill.jobs(archive_job_id=job)}
    assert states == {"REVERTED"}
