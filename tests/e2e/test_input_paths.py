"""The other input paths: a file in one call, batches, replays, JSON, dry runs, redrives."""

import gzip
import uuid
from pathlib import Path

import httpx
import pytest

from tests.e2e.client_calls import counted, ended, load, problem
from waybill_client import Waybill

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("path", ["uploads/departments/file", "upload/csv/departments"])
def test_a_small_file_is_loaded_in_one_call(
    http: httpx.Client, waybill: Waybill, path: str
) -> None:
    files = {"file": ("small.csv", b"9801,Small\n", "text/csv")}
    response = http.post(f"/{path}", files=files)
    assert response.status_code == 202, response.text
    assert counted(ended(waybill, response.json()["job_id"]))["read"] == 1


def test_a_batch_is_atomic_and_idempotent(http: httpx.Client) -> None:
    good = {"id": 9811, "department": "Batch"}
    url, key = "/batch/departments", {"Idempotency-Key": str(uuid.uuid4())}
    first = http.post(url, json={"rows": [good]}, headers=key).json()
    assert (first["rows_written"], first["waybill"]["inserted"]) == (1, 1)
    again = http.post(url, json={"rows": [good]}, headers=key).json()
    assert again["job_id"] == first["job_id"]
    refused = http.post(url, json={"rows": [{"id": 9812, "department": "B"}, {"id": "x"}]})
    assert refused.status_code == 422
    assert {error["row"] for error in refused.json()["errors"]} == {1}
    partial = http.post(
        url,
        json={
            "mode": "partial",
            "rows": [{"id": 9813, "department": "C"}, {"id": 9814, "department": None}],
        },
    ).json()
    assert (partial["rows_written"], partial["waybill"]["rejected"]) == (1, 1)
    assert http.post(url, json={"rows": []}).status_code == 422
    assert http.post(url, json={"rows": [good] * 1001}).status_code == 422


def test_corrected_rejects_are_replayed(
    http: httpx.Client, waybill: Waybill, tmp_path: Path
) -> None:
    job = load(waybill, tmp_path, "departments", "9821,\n9822,Good\nx23,Third\n")
    assert counted(job)["rejected"] == 2
    first, second = waybill.rejects(job["job_id"])
    url = f"/jobs/{job['job_id']}/replay"
    rows = {"rows": [{"_reject_id": first["reject_id"], "department": "Named"}]}
    replay = ended(waybill, http.post(url, json=rows).json()["job_id"])
    assert counted(replay) == {"read": 1, "inserted": 1}
    corrected = waybill.rejects_csv(job["job_id"]).decode().replace("x23", "9823")
    assert second["reject_id"] in corrected
    response = http.post(url, content=corrected, headers={"Content-Type": "text/csv"})
    assert ended(waybill, response.json()["job_id"])["state"] == "COMPLETED"
    assert not list(waybill.rejects(job["job_id"]))


@pytest.mark.parametrize(
    "content",
    [
        b'{"id": 9831, "department": "Json"}\n{"id": 9832, "department": "Lines"}\n',
        b'[{"id": 9831, "department": "Json"},\n {"id": 9832, "department": "Lines"}]',
        gzip.compress(b"9831,Json\n9832,Lines\n"),
        b"9831;Json\n9832;Lines\n",
        b"9831\tJson\n9832\tLines\n",
    ],
    ids=["json-lines", "json-array", "gzip", "semicolon", "tab"],
)
def test_the_same_rows_in_other_formats_are_loaded(
    waybill: Waybill, tmp_path: Path, content: bytes
) -> None:
    seen = counted(load(waybill, tmp_path, "departments", content))
    assert (seen["read"], seen.get("rejected", 0)) == (2, 0)


def test_a_declared_encoding_is_used(waybill: Waybill, tmp_path: Path) -> None:
    content = "9841,Zürich\n".encode("latin-1")
    assert "rejected" in counted(load(waybill, tmp_path, "departments", content))
    shown = load(waybill, tmp_path, "departments", content, encoding="latin-1")
    assert counted(shown) == {"read": 1, "inserted": 1}


def test_a_dry_run_counts_and_stores_nothing(waybill: Waybill, tmp_path: Path) -> None:
    tried = load(waybill, tmp_path, "departments", "9851,Try\n", dry_run=True)
    assert counted(tried) == {"read": 1, "inserted": 1}
    meant = load(waybill, tmp_path, "departments", "9851,Try\n")
    assert counted(meant) == {"read": 1, "inserted": 1}


def test_documents_are_identified_by_their_hash(
    http: httpx.Client, waybill: Waybill, tmp_path: Path
) -> None:
    first = load(waybill, tmp_path, "ingested_data", '{"b": 1, "a": {"y": 2, "x": [3]}}\n')
    assert counted(first) == {"read": 1, "inserted": 1}
    again = load(waybill, tmp_path, "ingested_data", '{"a":{"x":[3],"y":2},  "b":1}\n')
    assert counted(again) == {"read": 1, "unchanged": 1}
    page = http.get("/data", params={"page": 1, "limit": 1}).json()
    assert len(page["items"]) == 1


def test_messages_and_objects_can_be_redriven(
    http: httpx.Client, waybill: Waybill, tmp_path: Path
) -> None:
    job = load(waybill, tmp_path, "departments", "9861,Again\n")
    assert http.post("/admin/redrive", json={}).status_code == 200
    request = {"prefix": "landing/departments/"}
    response = http.post("/admin/redrive/objects", json=request, timeout=90)
    assert response.status_code == 200, response.text
    assert response.json()["sent"] > 0
    assert counted(waybill.job(job["job_id"])) == {"read": 1, "inserted": 1}


def test_a_damaged_file_fails(waybill: Waybill, tmp_path: Path) -> None:
    broken = gzip.compress(b"9871,Cut\n" * 1000)[:-20]
    job = load(waybill, tmp_path, "departments", broken)
    assert problem(job)
