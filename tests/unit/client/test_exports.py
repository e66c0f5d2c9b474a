"""`waybill export` and `waybill infer`, in process; the files come over real HTTP."""

import asyncio
import hashlib
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from tests.e2e.threaded_server import ThreadedServer
from tests.unit.client.fake_api import FakeApi
from tests.unit.client.test_commands import invoke
from waybill_client import commands
from waybill_client.errors import ClientError, ProblemError, UnreachableError
from waybill_client.send import HEAD_BYTES

PARTS = (b'"id","na\r\n""me"\r\n1,"a\r\nb"\r\n', b'"id","na\r\n""me"\r\n2,"c"\r\n')
SQL = "CREATE TABLE [ships] (id integer);\n"


class Storage(BaseHTTPRequestHandler):
    """Serves PARTS by number; others are forbidden."""

    def do_GET(self) -> None:
        number = int(self.path.removeprefix("/"))
        found = number < len(PARTS)
        body = PARTS[number] if found else b"denied"
        self.send_response(200 if found else 403)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Not into the test's output."""


@pytest.fixture
def storage() -> Iterator[str]:
    with ThreadedServer(Storage) as server:
        yield server.url


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeApi:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    api = FakeApi()
    monkeypatch.setattr(commands, "Waybill", lambda _api, token=None: api.client(token))
    return api


def export(fake: FakeApi, storage: str, file_format: str, **changes: Any) -> dict[str, Any]:
    """Let the API export PARTS; returns its response."""
    files = [
        {"number": at + 1, "url": f"{storage}/{at}", "sha256": hashlib.sha256(part).hexdigest()}
        for at, part in enumerate(PARTS)
    ]
    begun = {"export_id": "e", "state": "PENDING", "format": file_format, "rows": 2, "error": None}
    ended = {**begun, "state": "COMPLETED", "files": files, **changes}
    fake.on("POST", "datasets/ships/exports", httpx.Response(202, json=begun))
    responses = [httpx.Response(200, json=each) for each in (begun, ended)]
    fake.on("GET", "datasets/ships/exports/e", *responses)
    return ended


def test_files_of_csv_become_one_with_one_header(
    fake: FakeApi, storage: str, tmp_path: Path
) -> None:
    export(fake, storage, "csv")
    output = tmp_path / "ships.csv"
    said = invoke("export", "ships", "-o", str(output), "--keep-formulas")
    assert said.exit_code == 0
    assert output.read_bytes() == PARTS[0] + b'2,"c"\r\n'
    assert fake.bodies() == [{"format": "csv", "formulas": "keep"}]
    assert list(tmp_path.iterdir()) == [output]


def test_files_of_json_lines_are_joined_as_they_are(
    fake: FakeApi, storage: str, tmp_path: Path
) -> None:
    ended = export(fake, storage, "jsonl")
    output = tmp_path / "ships.ndjson"
    said = invoke("export", "ships", "-o", str(output), "--json")
    assert json.loads(said.stdout) == {**ended, "written": [str(output)]}
    assert output.read_bytes() == b"".join(PARTS)


def test_several_files_of_parquet_are_numbered(fake: FakeApi, storage: str, tmp_path: Path) -> None:
    export(fake, storage, "parquet")
    invoke("export", "ships", "-o", str(tmp_path / "ships.parquet"))
    found = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert found == {f"ships-0000{at}.parquet": part for at, part in enumerate(PARTS, 1)}


def test_a_file_that_is_not_what_was_exported_is_not_kept(
    fake: FakeApi, storage: str, tmp_path: Path
) -> None:
    wrong = {"number": 1, "url": f"{storage}/0", "sha256": "0" * 64}
    export(fake, storage, "csv", files=[wrong])
    with pytest.raises(ClientError, match="File 1 is not what was exported"):
        invoke("export", "ships", "-o", str(tmp_path / "ships.csv"))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "refusal",
    [
        ("{}/9", ClientError, "responds 403"),
        ("http://127.0.0.1:9/", UnreachableError, "does not respond"),
    ],
)
def test_a_storage_that_refuses_or_is_away_leaves_no_file(
    fake: FakeApi, storage: str, tmp_path: Path, refusal: tuple[str, type[Exception], str]
) -> None:
    address, error, message = refusal
    file = {"number": 1, "url": address.format(storage), "sha256": ""}
    export(fake, storage, "csv", files=[file])
    with pytest.raises(error, match=message):
        invoke("export", "ships", "-o", str(tmp_path / "ships.csv"))
    assert not list(tmp_path.iterdir())


def test_an_export_that_fails_and_an_unknown_format_say_why(
    fake: FakeApi, storage: str, tmp_path: Path
) -> None:
    export(fake, storage, "csv", state="FAILED", error={"detail": "The rows change too often."})
    with pytest.raises(ClientError, match="change too often"):
        invoke("export", "ships", "-o", str(tmp_path / "ships.csv"))
    with pytest.raises(ClientError, match="--format is csv"):
        invoke("export", "ships", "-o", str(tmp_path / "ships.doc"))


def test_the_asynchronous_client_waits_for_an_export_too(fake: FakeApi, storage: str) -> None:
    ended = export(fake, storage, "arrow")

    async def run() -> dict[str, Any]:
        async with fake.async_client() as waybill:
            return await waybill.export("ships", format="arrow")

    assert asyncio.run(run()) == ended


@pytest.fixture
def ships(fake: FakeApi, tmp_path: Path) -> Path:
    fake.on("POST", "datasets/infer", httpx.Response(200, json={"sql": SQL, "columns": [{}]}))
    file = tmp_path / "ships.csv"
    file.write_text("id\n1\n")
    return file


def test_a_proposal_is_printed_or_written(fake: FakeApi, ships: Path, tmp_path: Path) -> None:
    assert invoke("infer", str(ships)).stdout == SQL
    assert json.loads(invoke("infer", str(ships), "--json").stdout)["sql"] == SQL
    output = tmp_path / "ships.sql"
    invoke("infer", str(ships), "--header", "present", "--name", "fleet", "-o", str(output))
    assert output.read_text() == SQL
    queries = [dict(each.url.params) for each in fake.requests]
    assert queries[0] == {"name": "ships.csv", "whole": "true"}
    assert queries[2] == {"name": "fleet", "whole": "true", "header": "present"}


def refusal(code: str) -> httpx.Response:
    """A problem."""
    problem = {"type": f"https://api.test/problems/{code}", "detail": "a whole file only"}
    return httpx.Response(422, json=problem)


@pytest.fixture
def sample_store(fake: FakeApi) -> None:
    form = {"sample_id": "an-id", "method": "POST", "fields": {"key": "samples/x"}}
    fake.on("POST", "samples", httpx.Response(201, json={**form, "url": "https://s3.test/bucket"}))
    fake.on("POST", "https://s3.test/bucket", httpx.Response(204))


@pytest.mark.usefixtures("sample_store")
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_large_file_without_a_beginning_is_uploaded(
    fake: FakeApi, tmp_path: Path, kind: str
) -> None:
    file = tmp_path / "ships.parquet"
    file.write_bytes(b"PAR1" + bytes(HEAD_BYTES))
    found = {"sql": SQL, "columns": []}
    fake.on("POST", "datasets/infer", refusal("whole-file-needed"), httpx.Response(200, json=found))
    if kind == "sync":
        assert fake.client().infer(file, header="present") == found
    else:
        assert asyncio.run(fake.async_client().infer(file, header="present")) == found
    _, begun, stored, last = fake.requests
    assert json.loads(begun.content) == {"size_bytes": HEAD_BYTES + 4}
    assert b"samples/x" in stored.content
    assert b"PAR1" + bytes(HEAD_BYTES) in stored.content
    assert "Authorization" not in stored.headers
    query = {"name": "ships.parquet", "header": "present", "sample_id": "an-id"}
    assert (dict(last.url.params), last.content) == (query, b"")


@pytest.mark.usefixtures("sample_store")
@pytest.mark.parametrize("code", ["unsupported-file", "corrupt-file", "decompression-limit"])
def test_a_large_file_that_cannot_be_read_is_not_uploaded(
    fake: FakeApi, tmp_path: Path, code: str
) -> None:
    file = tmp_path / "ships.pdf"
    file.write_bytes(bytes(HEAD_BYTES + 1))
    fake.on("POST", "datasets/infer", refusal(code))
    with pytest.raises(ProblemError, match=code):
        fake.client().infer(file)
    assert len(fake.requests) == 1


@pytest.mark.usefixtures("sample_store")
def test_what_the_api_can_only_read_as_a_whole_is_read_here(fake: FakeApi, ships: Path) -> None:
    fake.on("POST", "datasets/infer", refusal("sample-too-large"))
    arguments = ["infer", str(ships), "--header", "present"]
    app = commands.make_app(
        lambda: "https://api.test/v1",
        infer_whole=lambda *found: {"sql": f"-- {found[1]} {found[2]}\n", "columns": []},
    )
    assert "a whole file only" in str(CliRunner().invoke(app, arguments).exception)
    ships.write_bytes(b"PAR1" + bytes(HEAD_BYTES))
    assert CliRunner().invoke(app, arguments).stdout == "-- ships.csv present\n"
    with pytest.raises(ProblemError, match="a whole file only"):
        invoke(*arguments)


def test_a_whole_file_needs_the_source_tree(ships: Path) -> None:
    with pytest.raises(ClientError, match="source tree"):
        invoke("infer", str(ships), "--whole")


@pytest.mark.usefixtures("sample_store")
@pytest.mark.parametrize(
    ("code", "size", "uploads"),
    [
        ("whole-file-needed", HEAD_BYTES, True),
        ("unsupported-file", HEAD_BYTES, False),
        ("corrupt-file", HEAD_BYTES, False),
        ("whole-file-needed", 0, False),
        ("unknown-columns", HEAD_BYTES, False),
    ],
)
def test_a_large_file_without_a_beginning_is_uploaded_to_be_previewed(
    fake: FakeApi, tmp_path: Path, code: str, size: int, *, uploads: bool
) -> None:
    file = tmp_path / "ships.parquet"
    file.write_bytes(b"PAR1" + bytes(size))
    shown = httpx.Response(200, json={"records": []})
    fake.on("POST", "datasets/ships/preview", refusal(code), shown)
    if not uploads:
        with pytest.raises(ProblemError, match=code):
            fake.client().preview("ships", file)
        return
    assert fake.client().preview("ships", file, delimiter=";") == {"records": []}
    first, last = fake.requests[0], fake.requests[-1]
    assert dict(first.url.params) == {"delimiter": ";", "whole": "false"}
    query = {"delimiter": ";", "sample_id": "an-id"}
    assert (dict(last.url.params), last.content) == (query, b"")
