"""Every kind of rejected record, with its line, its text and the reason."""

from pathlib import Path

import httpx
import pytest

from tests.e2e.client_calls import counted, load
from waybill_client import Waybill
from waybill_client.bearer_auth import Token
from waybill_client.models import Job, Reject

pytestmark = pytest.mark.e2e

# (the record, code, column) from line 2 on; the record of line 5 spans two lines.
_BAD: tuple[tuple[bytes, str, str | None], ...] = (
    (b"9102,Bo,yesterday,,", "invalid_timestamp", "hire_dt"),
    (b"9103,Bo,2031-02-30T00:00:00Z,,", "invalid_timestamp", "hire_dt"),
    (b"9104,Bo,2031-03-01T00:00:00,,", "timestamp_without_zone", "hire_dt"),
    (b'9105,"B\no",infinity,,', "invalid_timestamp", "hire_dt"),
    (b"9106,,2031-03-01T00:00:00Z,,", "required", "name"),
    (b"9107,Bo,,,", "required", "hire_dt"),
    (b"0x10,Bo,2031-03-01T00:00:00Z,,", "invalid_integer", "id"),
    (b"1_000,Bo,2031-03-01T00:00:00Z,,", "invalid_integer", "id"),
    (b"9110,Bo,2031-03-01T00:00:00Z,5.4,", "invalid_integer", "department_id"),
    (b"99999999999,Bo,2031-03-01T00:00:00Z,,", "out_of_range", "id"),
    (b"9112,Bo", "field_count", None),
    (b"9113,Bo,2031-03-01T00:00:00Z,,,more", "field_count", None),
    (b'9114,"Bo" jr.,2031-03-01T00:00:00Z,,', "quote_in_field", None),
    (b"9115,B\xff,2031-03-01T00:00:00Z,,", "invalid_utf8", None),
    (b"9116,B\x00,2031-03-01T00:00:00Z,,", "nul_byte", None),
    (b'9117,"Bo,2031-03-01T00:00:00Z,,\n', "unclosed_quote", None),
)
_GOOD = b"9101,Ada,2031-03-01T00:00:00Z,,"


@pytest.fixture(scope="module")
def job(api: str, token: Token, tmp_path_factory: pytest.TempPathFactory) -> Job:
    content = b"\n".join([_GOOD, *(record for record, _, _ in _BAD)])
    with Waybill(api, token=token) as waybill:
        return load(waybill, tmp_path_factory.mktemp("bad"), "hired_employees", content)


def test_rejects_are_counted_in_the_waybill(job: Job) -> None:
    assert job["state"] == "COMPLETED_WITH_REJECTS"
    assert counted(job) == {"read": 17, "inserted": 1, "rejected": 16}
    assert str(job["rejects_url"]).endswith(f"/jobs/{job['job_id']}/rejects")


def test_each_reject_has_line_text_and_reason(job: Job, waybill: Waybill) -> None:
    rejects = list(waybill.rejects(job["job_id"]))
    found = [_reported(reject) for reject in rejects]
    lines = [2, 3, 4, 5, *range(7, 19)]
    expected_rows = [
        (line, code, column) for line, (_, code, column) in zip(lines, _BAD, strict=True)
    ]
    assert found == expected_rows
    for reject, (record, _, _) in zip(rejects, _BAD, strict=True):
        assert reject["errors"][0]["message"]
        if b"\xff" not in record and b"\x00" not in record:
            assert reject["raw"].strip() == record.decode().strip()
    assert rejects[0]["values"]["name"] == "Bo"


def test_all_reasons_of_a_record_are_reported(waybill: Waybill, tmp_path: Path) -> None:
    header = "id,name,hire_dt,department_id,job_id\n"
    job = load(waybill, tmp_path, "hired_employees", f"{header}x,,soon,a,b\n")
    (reject,) = waybill.rejects(job["job_id"])
    assert [(error["column"], error["code"]) for error in reject["errors"]] == [
        ("id", "invalid_integer"),
        ("name", "required"),
        ("hire_dt", "invalid_timestamp"),
        ("department_id", "invalid_integer"),
        ("job_id", "invalid_integer"),
    ]


def test_rejects_are_paged_and_downloaded_as_csv(http: httpx.Client, job: Job) -> None:
    url = f"/jobs/{job['job_id']}/rejects"
    first = http.get(url, params={"limit": 10}).json()
    rest = http.get(url, params={"limit": 10, "cursor": first["next_cursor"]}).json()
    assert (len(first["items"]), len(rest["items"]), rest["next_cursor"]) == (10, 6, None)
    response = http.get(url, headers={"Accept": "text/csv"})
    assert response.headers["content-type"].startswith("text/csv")
    assert response.text.splitlines()[0] == (
        "_reject_id,_line,_column,_reason,id,name,hire_dt,department_id,job_id"
    )
    assert first["items"][0]["reject_id"] in response.text


def _reported(reject: Reject) -> tuple[int, str, str | None]:
    error = reject["errors"][0]
    return reject["line"], error["code"], error["column"]
