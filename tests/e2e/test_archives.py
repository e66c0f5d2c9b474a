"""Archives on the deployed stack: the events of S3 turn their members into jobs."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cloud.archive_files import Files, streamed_zip, tar_gz
from tests.e2e.client_calls import ended, load, problem
from waybill_client import Waybill

pytestmark = pytest.mark.e2e

FILES = {
    "2026/one.csv": b"id,department\n9401,One\n9402,Two\n",
    "__MACOSX/._one.csv": b"junk",
    "2026/two.json": b'{"id":9402,"department":"Second"}\n{"id":"x","department":"Third"}\n',
}


@pytest.mark.parametrize("pack", [streamed_zip, tar_gz])
def test_members_are_loaded_in_order(
    waybill: Waybill, tmp_path: Path, pack: Callable[[Files], bytes]
) -> None:
    job = load(waybill, tmp_path, "departments", pack(FILES))
    assert job["state"] == "COMPLETED_WITH_REJECTS"
    job = waybill.job(job["job_id"])
    members = job["members"]
    assert [(one["position"], one["name"], one["state"]) for one in members] == [
        (1, "2026/one.csv", "COMPLETED"),
        (2, "2026/two.json", "COMPLETED_WITH_REJECTS"),
    ]
    found = [waybill.job(one["job_id"]) for one in members]
    assert [one.get("archive_job_id") for one in found] == [job["job_id"]] * 2
    counts = [one["waybill"] for one in found]
    for name in ("read", "inserted", "updated", "unchanged", "superseded", "rejected"):
        assert job["waybill"][name] == sum(each[name] for each in counts), name
    (reject,) = waybill.rejects(members[1]["job_id"])
    assert (reject.get("member"), reject["line"]) == ("2026/two.json", 2)


def test_rejects_of_all_members_are_replayed_by_one_request(
    waybill: Waybill, tmp_path: Path
) -> None:
    files = {
        "one.csv": b"id,department\nx,Early\n9411,\n",
        "two.csv": b"id,department\n9412,Late\ny,Other\n",
    }
    job = load(waybill, tmp_path, "departments", tar_gz(files))
    text = waybill.rejects_csv(job["job_id"]).decode()
    corrected = text.replace(",x,", ",9412,").replace(",9411,", ",9411,Named").replace(",y,", ",z,")
    first = ended(waybill, waybill.replay(job["job_id"], corrected.encode()))
    assert len(first["members"]) == 2
    assert (first["waybill"]["inserted"], first["waybill"]["rejected"]) == (1, 1)
    (left,) = waybill.rejects(first["job_id"])
    assert left["member"] == "two.csv"
    row = {"_reject_id": left["reject_id"], "id": 9413}
    ended(waybill, waybill.replay(first["job_id"], [row]))
    assert waybill.job(job["job_id"])["rejects_remaining"] == 0


def test_a_bomb_is_refused(waybill: Waybill, tmp_path: Path) -> None:
    bomb = tar_gz({"a.csv": bytes(30 * 1024**2)})
    assert problem(load(waybill, tmp_path, "departments", bomb)) == "decompression-limit"
