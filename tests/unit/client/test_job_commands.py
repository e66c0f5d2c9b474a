"""The commands on jobs, datasets and files, in process."""

import bz2
import gzip
import io
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.unit.client.fake_api import FakeApi
from tests.unit.client.http_api import COUNTS, DATASETS
from tests.unit.client.test_commands import JOB, invoke
from waybill_client import commands
from waybill_client.errors import ClientError
from waybill_client.file_arguments import files_of
from waybill_client.suggest import suggest_dataset

OTHER = "01999999-0000-7000-8000-000000000001"
FAILED = {**JOB, "state": "FAILED", "error": {"detail": "It is empty."}}


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeApi:
    api = FakeApi()
    monkeypatch.setattr(commands, "Waybill", lambda _api, token=None: api.client(token))
    api.on("GET", "jobs/j", httpx.Response(200, json=JOB))
    nothing: dict[str, Any] = {"compared_with": None, "items": []}
    api.on("GET", "jobs/j/columns", httpx.Response(200, json=nothing))
    api.on("GET", "datasets", httpx.Response(200, json={"items": DATASETS}))
    return api


def accept(fake: FakeApi, dataset: str = "people") -> None:
    """Accept uploads for a dataset."""
    form = {"job_id": "j", "method": "POST", "url": "https://s3.test/b", "fields": {}}
    fake.on("POST", f"uploads/{dataset}", httpx.Response(201, json=form))
    fake.on("POST", "https://s3.test/b", httpx.Response(204))


@pytest.mark.usefixtures("fake")
def test_a_job_is_shown_and_awaited() -> None:
    for command in (["jobs", "show", "j"], ["jobs", "wait", "j"]):
        shown = invoke(*command).stdout
        assert "people" in shown
        assert "COMPLETED" in shown
    assert json.loads(invoke("jobs", "show", "j", "--json").stdout) == JOB
    assert json.loads(invoke("jobs", "wait", "j", "j", "--json").stdout) == [JOB, JOB]


def test_a_job_is_shown_with_its_columns(fake: FakeApi) -> None:
    before = {"records": 10, "nulls": 0, "distinct": 10, "distinct_is_exact": True,
              "min": "1", "max": "\x1b[2J"}  # fmt: skip
    now = {**before, "nulls": 5, "distinct": 2000, "distinct_is_exact": False, "max": "z" * 99}
    items = [
        {"column": "id", "personal": False, "current": now, "previous": before},
        {"column": "gone", "personal": False, "current": None, "previous": before},
        {"column": "[name]", "personal": True, "current": before | {"min": None, "max": None},
         "previous": None},
    ]  # fmt: skip
    found = {"compared_with": OTHER, "items": items}
    fake.on("GET", "jobs/j", httpx.Response(200, json={**JOB, "waybill": COUNTS}))
    fake.on("GET", "jobs/j/columns", httpx.Response(200, json=found))
    for command in ("show", "columns"):
        shown = invoke("jobs", command, "j").stdout
        assert "5 50.0%" in shown
        assert "≈2,000" in shown
        assert "(10)" in shown
        assert "not in this file" in shown
        assert "[name]" in shown
        assert OTHER in shown
        assert "z" * 40 not in shown
        assert "\x1b[2J" not in shown
    assert json.loads(invoke("jobs", "columns", "j", "--json").stdout) == found


def test_waiting_for_a_failed_job_exits_with_1(fake: FakeApi) -> None:
    fake.on("GET", "jobs/j", httpx.Response(200, json=FAILED))
    result = invoke("jobs", "wait", "j")
    assert result.exit_code == 1
    assert "It is empty." in result.stderr


def test_runs_are_a_table_without_nested_fields(fake: FakeApi) -> None:
    run = {"step": "load", "chunk": None, "outcome": "succeeded", "details": {"rows": 1}}
    page = {"items": [run], "next_cursor": None}
    fake.on("GET", "jobs/j/runs", httpx.Response(200, json=page))
    shown = invoke("jobs", "runs", "j").stdout
    assert "succeeded" in shown
    assert "details" not in shown
    assert json.loads(invoke("jobs", "runs", "j", "--json").stdout) == [run]


def test_a_run_that_is_tried_again_says_why(fake: FakeApi) -> None:
    run = {"step": "merge", "outcome": "retry", "error": {"type": "x", "detail": "A lock is held."}}
    ended = {"step": "merge", "outcome": "succeeded", "error": None}
    page = {"items": [run, ended], "next_cursor": None}
    fake.on("GET", "jobs/j/runs", httpx.Response(200, json=page))
    assert "A lock is held." in invoke("jobs", "runs", "j").stdout


def test_corrected_rejects_are_replayed(fake: FakeApi, tmp_path: Path) -> None:
    file = tmp_path / "corrected.csv"
    file.write_bytes(b"_reject_id,id\nr,1\n")
    fake.on("POST", "jobs/k/replay", httpx.Response(202, json={"job_id": "j"}))
    assert "COMPLETED" in invoke("jobs", "replay", "k", str(file)).stdout
    (sent,) = (one for one in fake.requests if one.method == "POST")
    assert (sent.content, sent.headers["Content-Type"]) == (file.read_bytes(), "text/csv")
    fake.on("GET", "jobs/j", httpx.Response(200, json=FAILED))
    assert invoke("jobs", "replay", "k", str(file), "--json").exit_code == 1


def test_a_job_is_cancelled(fake: FakeApi) -> None:
    fake.on("DELETE", "jobs/j", httpx.Response(202, json={}))
    assert "cancelled" in invoke("jobs", "cancel", "j").stderr
    assert json.loads(invoke("jobs", "cancel", "j", "--json").stdout)["state"] == "CANCELLED"


@pytest.mark.usefixtures("fake")
def test_a_dataset_is_shown_with_its_columns() -> None:
    assert invoke("datasets").stdout == "people\nports\n"
    shown = invoke("datasets", "ports").stdout
    assert "harbour" in shown
    assert json.loads(invoke("datasets", "ports", "--json").stdout) == DATASETS[1]
    with pytest.raises(ClientError, match=r"Did you mean ports\?"):
        invoke("datasets", "port")


@pytest.mark.parametrize(("status", "code"), [("ok", 0), ("degraded", 1)])
def test_the_doctor_checks_health_and_login(fake: FakeApi, status: str, code: int) -> None:
    fake.on("GET", "health", httpx.Response(200, json={"status": status}))
    assert status in invoke("doctor").stdout
    assert invoke("doctor", "--json").exit_code == code


def test_files_of_several_datasets_are_sent_by_one_command(fake: FakeApi, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id;harbour\n1;Varna\n")
    (tmp_path / "people.csv").write_text("x\n")
    accept(fake)
    accept(fake, "ports")
    result = invoke("upload", f"{tmp_path}/*.csv", "--json")
    assert [one["file"] for one in json.loads(result.stdout)] == ["a.csv", "people.csv"]
    sent = [one.url.path for one in fake.requests if "uploads" in one.url.path]
    assert sent == ["/v1/uploads/ports", "/v1/uploads/people"]


def test_standard_input_is_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stdin:
        buffer = io.BytesIO(b"id,name\n1,Ada\n")

    monkeypatch.setattr("waybill_client.file_arguments.sys.stdin", Stdin)
    with files_of(["-", "-"], "../people.csv") as (file,):
        assert file.name == "people.csv"
        assert file.read_bytes() == b"id,name\n1,Ada\n"


@pytest.mark.usefixtures("fake")
@pytest.mark.parametrize(
    ("word", "message"), [("missing*.csv", "No file matches"), (".", "is a folder")]
)
def test_words_that_name_no_file_are_refused(word: str, message: str) -> None:
    with pytest.raises(ClientError, match=message):
        invoke("upload", word, "--dataset", "people")


@pytest.mark.parametrize("stage", ["uploads/people", "jobs/j"])
def test_ctrl_c_says_how_to_go_on(fake: FakeApi, tmp_path: Path, stage: str) -> None:
    def interrupt(_request: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    file = tmp_path / "people.csv"
    file.write_text("1\n")
    accept(fake)
    fake.on("POST" if "uploads" in stage else "GET", stage, interrupt)
    result = invoke("upload", "people", str(file), "--dry-run", "--delimiter", ";")
    assert result.exit_code == 130
    again = f"waybill upload people {file} --delimiter ';' --dry-run\n"
    assert (again if "uploads" in stage else "waybill jobs wait j") in result.stderr


def test_many_files_that_were_not_sent_are_counted(fake: FakeApi, tmp_path: Path) -> None:
    def interrupt(_request: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    for number in range(30):
        (tmp_path / f"people{number:02}.csv").write_text("1\n")
    accept(fake)
    fake.on("POST", "https://s3.test/b", interrupt)
    result = invoke("upload", "people", f"{tmp_path}/*.csv")
    assert "0 of 30 files were sent" in result.stderr
    assert "Not sent: 30 files, from" in result.stderr


def test_an_error_in_the_middle_says_what_was_sent(fake: FakeApi, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("a.csv", "b.csv")]
    for file in files:
        file.write_text("1\n")
    accept(fake)
    refused = httpx.Response(413, json={"type": "https://x/file-too-large"})
    first: Any = fake.responses["POST", "https://api.test/v1/uploads/people"][0]
    fake.on("POST", "uploads/people", first, refused)
    with pytest.raises(ClientError, match="file-too-large"):
        invoke("upload", "people", *map(str, files))


_HEADER = b"id,harbour\n1,Varna\n"


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(_HEADER),
        gzip.compress(_HEADER)[:-4],
        bz2.compress(_HEADER),
        b"\xef\xbb\xbfid;harbour\r\n",
        b"id,harbour\r1,Varna\r",
    ],
)
def test_the_header_names_the_dataset(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "x"
    file.write_bytes(content)
    assert suggest_dataset(file, DATASETS) == "ports"


@pytest.mark.parametrize("content", [b"\x00\x01\x02", b"\x1f\x8bx", b"BZh9", b"\x28\xb5\r\x00"])
def test_a_header_that_fits_nothing_needs_a_dataset(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "x.bin"
    file.write_bytes(content)
    with pytest.raises(ClientError, match="Use --dataset with one of: people, ports"):
        suggest_dataset(file, DATASETS)
    with pytest.raises(ClientError, match="none is declared"):
        suggest_dataset(file, [])


def test_a_load_is_reverted(fake: FakeApi) -> None:
    document = {"rows": 5, "removed": 2, "restored": 1, "restamped": 1, "reinserted": 1}
    response = {"job_id": "j", "state": "REVERTED", "revert": document}
    fake.on("POST", "jobs/j/revert", httpx.Response(200, json=response))
    assert "2 rows removed, 2 restored" in invoke("jobs", "revert", "j").output
    assert json.loads(invoke("jobs", "revert", "j", "--json").stdout) == response
