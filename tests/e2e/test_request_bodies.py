"""Request bodies over HTTP, which API Gateway handles too."""

import hashlib
from typing import Any

import httpx
import pytest

from waybill_client import Waybill

pytestmark = pytest.mark.e2e
FIRST = 700_000


def ended(waybill: Waybill, response: httpx.Response) -> dict[str, Any]:
    assert response.status_code == 202, response.text
    assert response.headers["Location"].endswith(response.json()["job_id"])
    return dict(waybill.wait(response.json()["job_id"], timeout_seconds=180))


def test_a_form_keeps_every_byte(http: httpx.Client, waybill: Waybill) -> None:
    # A header, or the file would be refused before its hash is known.
    content = b"id,department\n" + bytes(range(256)) * 40
    for path in ("/uploads/departments/file", "/upload/csv/departments"):
        job = ended(waybill, http.post(path, files={"file": ("ä.csv", content)}))
        assert job["waybill"]["sha256"] == hashlib.sha256(content).hexdigest()
        assert job["source"]["filename"] == "ä.csv"


def test_a_dry_run_writes_nothing(http: httpx.Client, waybill: Waybill) -> None:
    file = {"file": ("a.csv", f"{FIRST},Dry\n".encode())}
    form = {"dry_run": "true", "encoding": "latin-1"}
    job = ended(waybill, http.post("/uploads/departments/file", files=file, data=form))
    assert (job["dry_run"], job["waybill"]["inserted"]) == (True, 1)
    row = {"id": FIRST, "department": "Wet"}
    batch = http.post("/batch/departments", json={"rows": [row]}).json()
    assert batch["waybill"]["inserted"] == 1


def test_a_batch_keeps_its_response_by_idempotency_key(http: httpx.Client) -> None:
    rows = [{"id": FIRST + number, "department": "Sales"} for number in range(1, 1001)]
    key = {"Idempotency-Key": "over-http"}
    first = http.post("/batch/departments", json={"rows": rows}, headers=key)
    assert (first.status_code, first.json()["rows_written"]) == (200, 1000)
    again = http.post("/batch/departments", json={"rows": rows}, headers=key)
    assert (again.status_code, again.json()) == (200, first.json())
    refused = http.post("/batch/departments", content=b'{"rows": [{"id": 5.0}]}')
    assert refused.headers["Content-Type"] == "application/problem+json"
    found = [(e["row"], e["column"], e["code"]) for e in refused.json()["errors"]]
    assert found == [(0, "id", "invalid_integer"), (0, "department", "required")]


def test_a_csv_of_rejects_is_replayed(http: httpx.Client, waybill: Waybill) -> None:
    content = f"{FIRST + 2000},Good\nx,=Bad\n".encode()
    job = ended(waybill, http.post("/uploads/departments/file", files={"file": ("r.csv", content)}))
    assert job["rejects_remaining"] == 1
    path = f"/jobs/{job['job_id']}"
    text = http.get(f"{path}/rejects", headers={"Accept": "text/csv"}).text
    corrected = text.replace(",x,", f",{FIRST + 2001},")
    kind = {"Content-Type": "text/csv"}
    replay = ended(waybill, http.post(f"{path}/replay", content=corrected.encode(), headers=kind))
    assert (replay["state"], replay["waybill"]["inserted"]) == ("COMPLETED", 1)
    assert http.get(path).json()["rejects_remaining"] == 0
    refused = http.post(f"{path}/replay", content=corrected.encode(), headers=kind)
    assert refused.status_code == 422


def test_documents_are_listed(http: httpx.Client) -> None:
    rows = [{"a": 1.50, "b": " x "}, {"b": "x", "a": 1.5}]
    response = http.post("/batch/ingested_data", json={"rows": rows}).json()
    assert response["waybill"]["inserted"] <= 1
    newest = http.get("/data?page=1&limit=1").json()["items"][0]
    assert len(newest["content_hash"]) == 64


def test_the_gateway_returns_problems_with_cors_headers(http: httpx.Client) -> None:
    nowhere = http.get("/nowhere")
    assert nowhere.status_code == 404
    assert nowhere.json()["type"].endswith("/unknown-path")
    preflight = http.options(
        "/batch/departments", headers={"Origin": "https://console.example.com"}
    )
    assert preflight.status_code == 204
    assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
    assert "Idempotency-Key" in preflight.headers["Access-Control-Allow-Headers"]
