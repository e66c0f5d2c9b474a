"""Rejects: as JSON in pages, as CSV that can be corrected, in S3 when they are many."""

import csv
import io
import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
import requests

from functions.api.jobs.reject_models import RejectPage
from tests.sql.staging import Ledger
from tests.unit.http.api_client import ADMIN, STATE, ApiResponse
from tests.unit.jobs.awaiting_uploads import issue_ticket
from tests.unit.jobs.conftest import Ask
from waybill.contract.model import Contract
from waybill.http.csv_text import unescape_formula
from waybill.state.bucket import StateBucket

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CSV = {"Accept": "text/csv"}
BAD_ID = {"column": "id", "code": "not_an_integer", "message": "is no integer"}
MISSING = {"column": "department", "code": "missing", "message": "is required"}


@pytest.fixture
def job(ledger: Ledger, aws: "S3Client") -> UUID:
    StateBucket(aws, STATE).contracts.publish(
        Contract.model_validate(ledger.contract("departments"))
    )
    return ledger.land("departments", 0)


def refuse(
    ledger: Ledger, job: UUID, line: int, raw: bytes, values: object, *errors: dict[str, Any]
) -> None:
    ledger.loader.execute(
        'INSERT INTO waybill.validation_errors (job_id, chunk, line, raw, "values", errors)'
        " VALUES (%s, 0, %s, %s, %s, %s)",
        (job, line, raw, json.dumps(values), json.dumps(errors)),
    )


def rows(response: ApiResponse) -> list[dict[str, str]]:
    assert response.status == 200
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(response.text, newline="")))


def test_a_reject_has_every_reason_and_its_raw_text(ask: Ask, ledger: Ledger, job: UUID) -> None:
    values = {"id": "x", "department": None}
    refuse(ledger, job, 7, b"x,\xff", values, BAD_ID, MISSING)
    page = ask("GET", f"/jobs/{job}/rejects").json()
    RejectPage.model_validate(page)
    (reject,) = page["items"]
    assert UUID(reject.pop("reject_id")).version == 7
    assert reject == {"line": 7, "raw": "x,\ufffd", "values": values, "errors": [BAD_ID, MISSING]}
    assert page["next_cursor"] is None


def test_pages_are_ordered_by_line(ask: Ask, ledger: Ledger, job: UUID) -> None:
    for line in (5, 3, 3, 9, 1):
        refuse(ledger, job, line, b"x", {}, BAD_ID)
    lines: list[int] = []
    cursor = ""
    for _ in range(3):
        page = ask("GET", f"/jobs/{job}/rejects?limit=2{cursor}").json()
        lines += [reject["line"] for reject in page["items"]]
        cursor = f"&cursor={page['next_cursor']}"
    assert lines == [1, 3, 3, 5, 9]
    assert page["next_cursor"] is None


def test_long_records_make_short_pages(ask: Ask, ledger: Ledger, job: UUID) -> None:
    for line in range(1, 5):
        refuse(ledger, job, line, b"x" * 700_000, {"id": "x"}, BAD_ID)
    refuse(ledger, job, 5, b"y" * 9_000_000, {"id": "y" * 9_000_000}, BAD_ID)
    seen: list[int] = []
    cursor = ""
    while cursor != "&cursor=None":
        response = ask("GET", f"/jobs/{job}/rejects?limit=100{cursor}")
        assert len(response.text) < 6_000_000
        seen += [reject["line"] for reject in response.json()["items"]]
        cursor = f"&cursor={response.json()['next_cursor']}"
    assert seen == [1, 2, 3, 4, 5]
    assert response.json()["items"][-1]["truncated"] is True


@pytest.mark.parametrize("headers", [{}, CSV], ids=["json", "csv"])
@pytest.mark.parametrize("limit", ["", "limit=50&"])
@pytest.mark.parametrize("character", ['"', "\u8a9e"])
def test_a_page_fits_into_a_response(  # noqa: PLR0913, PLR0917 - fixtures and cases
    ask: Ask, ledger: Ledger, job: UUID, character: str, limit: str, headers: dict[str, str]
) -> None:
    """Lambda's limit is 6 MB for the response with its body as a JSON string."""
    for line, count in enumerate([400_000, 400_000, 400_000, 2_800_000], 1):
        text = character * count
        refuse(ledger, job, line, text.encode(), {"department": text}, BAD_ID)
    response = ask("GET", f"/jobs/{job}/rejects?{limit}", headers=headers)
    assert response.status in (200, 303)
    assert len(json.dumps(response.text, ensure_ascii=False).encode()) < 5_500_000


def test_every_response_varies_by_accept(ask: Ask, job: UUID) -> None:
    for headers in ({}, CSV, {"Accept": "text/html"}):
        response = ask("GET", f"/jobs/{job}/rejects", headers=headers)
        assert (response.status, response.headers["Vary"]) == (200, "Accept")


def test_wrong_parameters_are_refused(ask: Ask, job: UUID) -> None:
    for query in ("limit=0", "limit=1001", "limit=x", "page=1"):
        assert ask("GET", f"/jobs/{job}/rejects?{query}").problem() == (422, "invalid-request")


def test_a_csv_has_the_export_columns_then_the_datasets(
    ask: Ask, ledger: Ledger, job: UUID
) -> None:
    refuse(ledger, job, 2, b"x,", {"id": "x", "department": None}, BAD_ID, MISSING)
    response = ask("GET", f"/jobs/{job}/rejects", headers=CSV)
    assert response.text.split("\r\n")[0] == "_reject_id,_line,_column,_reason,id,department"
    (row,) = rows(response)
    assert (row["_line"], row["_column"]) == ("2", "id; department")
    assert row["_reason"] == "is no integer; is required"
    assert (row["id"], row["department"]) == ("x", "")
    assert f'filename="rejects-{job}.csv"' in response.headers["Content-Disposition"]


def test_a_csv_escapes_formulas_without_loss(ask: Ask, ledger: Ledger, job: UUID) -> None:
    cells = ["=1+1", "-5", "@a", "'=x", "\tx", "plain", "'tis"]
    for line, cell in enumerate(cells):
        refuse(ledger, job, line, b"x", {"id": cell, "department": "d"}, BAD_ID)
    exported = [row["id"] for row in rows(ask("GET", f"/jobs/{job}/rejects", headers=CSV))]
    assert not any(cell.startswith(("=", "-", "@", "\t")) for cell in exported)
    assert [unescape_formula(cell) for cell in exported] == cells


def test_a_record_without_values_shows_its_text(ask: Ask, ledger: Ledger, job: UUID) -> None:
    error = {"column": None, "code": "ragged", "message": "has 3 fields"}
    refuse(ledger, job, 2, b"=a,b,c", None, error)
    (row,) = rows(ask("GET", f"/jobs/{job}/rejects", headers=CSV))
    assert (row["_reason"], row["_column"]) == ("has 3 fields | =a,b,c", "")


def test_a_csv_can_be_read_in_pages(ask: Ask, ledger: Ledger, job: UUID) -> None:
    for line in (1, 2, 3):
        refuse(ledger, job, line, b"x", {"id": "x"}, BAD_ID)
    first = ask("GET", f"/jobs/{job}/rejects?limit=2", headers=CSV)
    link = first.headers["Link"]
    assert link.endswith('>; rel="next"')
    rest = link[1:].split(">")[0].removeprefix("https://api.example.com/v1")
    second = ask("GET", rest, headers=CSV)
    assert "Link" not in second.headers
    assert [row["_line"] for row in rows(first) + rows(second)] == ["1", "2", "3"]


def test_without_rejects_the_csv_is_a_header(ask: Ask, job: UUID, aws: "S3Client") -> None:
    assert rows(ask("GET", f"/jobs/{job}/rejects", headers=CSV)) == []
    awaited = issue_ticket(aws)
    assert ask("GET", f"/jobs/{awaited}/rejects").json()["items"] == []


def test_a_large_csv_is_downloaded_from_s3(ask: Ask, ledger: Ledger, job: UUID) -> None:
    ledger.loader.execute(
        'INSERT INTO waybill.validation_errors (job_id, chunk, line, raw, "values", errors)'
        " SELECT %s, 0, line, repeat('x', 2000)::bytea, jsonb_build_object('id', repeat('é', 999)),"
        " %s FROM generate_series(1, 4500) AS line",
        (job, json.dumps([BAD_ID])),
    )
    response = ask("GET", f"/jobs/{job}/rejects", headers=CSV)
    assert (response.status, response.headers["Vary"]) == (303, "Accept")
    fetched = requests.get(response.headers["Location"], timeout=60)
    assert fetched.headers["Content-Type"] == "text/csv; charset=utf-8"
    read = list(csv.DictReader(io.StringIO(fetched.content.decode(), newline="")))
    assert [row["_line"] for row in read] == [str(line) for line in range(1, 4501)]
    assert all(row["id"] == "é" * 999 for row in read)


def test_more_rejects_than_there_is_time_for_are_refused(
    ask: Ask, ledger: Ledger, job: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(ledger, job, 1, b"x", {}, BAD_ID)
    over = SimpleNamespace(seconds_left=lambda: -1.0)
    monkeypatch.setattr("functions.api.jobs.handler.DEADLINE", over)
    response = ask("GET", f"/jobs/{job}/rejects", headers=CSV)
    assert response.problem() == (413, "too-many-rejects")


@pytest.mark.parametrize("headers", [{}, CSV])
def test_reads_of_rejects_are_recorded_with_their_caller(
    ask: Ask, ledger: Ledger, job: UUID, headers: dict[str, str]
) -> None:
    assert ask("GET", f"/jobs/{job}/rejects", headers=headers).status == 200
    assert ask("GET", f"/jobs/{job}/pending").status == 200
    entries = ledger.rows(
        "SELECT action, actor, source, dataset, job_id FROM waybill.audit_logs"
        " WHERE action LIKE '%%.read' ORDER BY occurred_at"
    )
    assert entries == [
        (f"{records}.read", ADMIN.subject, "203.0.113.7", "departments", job)
        for records in ("rejects", "pending")
    ]
