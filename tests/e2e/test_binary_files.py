"""Parquet, Arrow and Excel on the running stack: uploaded, previewed, corrected, replayed."""

import io
import json
import os
import re
import uuid
from collections.abc import Callable
from pathlib import Path

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.e2e.client_calls import counted, load
from tests.unit.binary.encode import ENCODERS, parquet
from tests.unit.binary.workbooks import sheet_xml, workbook
from tests.unit.client.terminal_session import in_terminal
from waybill_client import Waybill

pytestmark = pytest.mark.e2e

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
DEPARTMENTS = pa.table({"department": ["One", "Two", None], "id": [9401.0, 9402.0, 9403.5]})


@pytest.mark.parametrize("file_format", ENCODERS)
def test_the_records_of_each_format_are_counted(
    waybill: Waybill, tmp_path: Path, file_format: str
) -> None:
    job = load(waybill, tmp_path, "departments", ENCODERS[file_format](DEPARTMENTS))
    seen = counted(job)
    assert (job["state"], seen["read"], seen["rejected"]) == ("COMPLETED_WITH_REJECTS", 3, 1)
    # The other formats, and tests in another order, have written these rows too.
    assert sum(seen.get(outcome, 0) for outcome in ("inserted", "updated", "unchanged")) == 2


def test_a_workbook_is_uploaded_corrected_and_replayed(
    api: str, token: Callable[[], str], tmp_path: Path
) -> None:
    def command(*arguments: str) -> str:
        variables = {"WAYBILL_TOKEN": token()}
        ended = in_terminal(*arguments, api=api, columns=200, folder=tmp_path, variables=variables)
        assert ended.code == 0, ended.screen
        return ended.screen

    sheet = sheet_xml(
        {1: {"A": "id", "B": "department"}, 2: {"A": 9411, "B": "Deck"}, 3: {"A": "x", "B": "Hold"}}
    )
    (tmp_path / "export.xlsx").write_bytes(workbook({"Sheet1": sheet}))
    (job,) = set(_ID.findall(command("upload", "export.xlsx")))
    rejects = command("jobs", "rejects", job, "--csv")
    lines = [re.sub(r",x,", ",9412,", line) for line in rejects.splitlines() if line]
    assert ",3,id," in lines[1]
    (tmp_path / "corrected.csv").write_text("".join(f"{line}\n" for line in lines))
    (replay,) = set(_ID.findall(command("jobs", "replay", job, "corrected.csv")))
    shown = json.loads(command("jobs", "show", replay, "--json"))
    assert shown["waybill"]["rejected"] == 0


def test_a_dataset_is_proposed_for_a_file_larger_than_a_request(
    waybill: Waybill, api: str, token: Callable[[], str], tmp_path: Path
) -> None:
    file = tmp_path / "large.parquet"
    texts = pa.array([os.urandom(60).hex() for _ in range(60_000)])
    table = pa.table({"id": pa.array(range(60_000), pa.int32()), "text": texts})
    pq.write_table(table, file, row_group_size=30_000)
    assert file.stat().st_size > 4 * 1024**2
    found = waybill.infer(file)
    assert [column["type"] for column in found["columns"]] == ["integer", "text"]
    assert found["records"] == 60_000
    departments = table.rename_columns(["id", "department"])
    pq.write_table(departments, file)
    shown = waybill.preview("departments", file)
    assert [one["after"]["id"] for one in shown["records"] if one["after"]] == list(range(20))
    # Only who uploaded it has a sample; without a token nobody has.
    url = f"{api}/datasets/infer?name=x&sample_id={uuid.uuid4()}"
    assert httpx.post(url).status_code == 401
    refused = httpx.post(url, headers={"Authorization": f"Bearer {token()}"})
    assert (refused.status_code, refused.json()["title"]) == (404, "Unknown sample")


def test_a_preview_shows_the_records_of_a_file(http: httpx.Client) -> None:
    response = http.post(
        "/datasets/departments/preview",
        content=parquet(DEPARTMENTS),
        headers={"Content-Type": "application/octet-stream"},
    )
    assert response.status_code == 200, response.text
    assert [each["outcome"] for each in response.json()["records"]] == [
        "loaded", "loaded", "rejected",
    ]  # fmt: skip


@pytest.mark.parametrize("file_format", ENCODERS)
def test_a_dataset_is_proposed_for_a_file(http: httpx.Client, file_format: str) -> None:
    response = http.post(
        "/datasets/infer?name=halls.file",
        content=ENCODERS[file_format](DEPARTMENTS),
        headers={"Content-Type": "application/vnd.apache.parquet"},
    )
    assert response.status_code == 200, response.text
    types = {column["name"]: column["type"] for column in response.json()["columns"]}
    assert types == {"department": "text", "id": "double precision"}


def test_rows_come_as_tables(waybill: Waybill, tmp_path: Path, http: httpx.Client) -> None:
    users = "".join(
        f"97{n:03},wide@example.com,U {n},active,2026-01-01T00:00:00Z\n" for n in range(3)
    )
    load(waybill, tmp_path, "users", "id,email,name,status,created_at\n" + users)
    params: dict[str, str | int] = {"email": "wide@example.com", "limit": 2}
    pages = waybill.tables("datasets/users/rows", params, format="parquet")
    tables = [pq.read_table(io.BytesIO(page)) for page in pages]
    assert [table.num_rows for table in tables] == [2, 1]
    assert str(tables[0].schema.field("created_at").type) == "timestamp[us, tz=UTC]"
    (page,) = waybill.tables("datasets/users/rows", {**params, "limit": 9}, format="arrow")
    assert pa.ipc.open_file(page).read_all().num_rows == 3
    # The gateway would send base64.
    response = http.get("/datasets/users/rows", params={**params, "format": "parquet"})
    assert response.status_code == 406
    assert response.json()["type"].endswith("not-acceptable")
    text = http.get("/datasets/users/rows", params=params, headers={"Accept": "text/csv"})
    assert (text.status_code, text.headers["Vary"]) == (200, "Accept")
    assert text.text.startswith('"id","email"')


def test_a_damaged_file_fails(waybill: Waybill, tmp_path: Path) -> None:
    job = load(waybill, tmp_path, "departments", parquet(DEPARTMENTS)[:-40])
    assert job["state"] == "FAILED"
    assert job["error"]["type"].endswith("corrupt-file")
