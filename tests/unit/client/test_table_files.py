"""Rows and figures as files: `waybill rows`, `waybill analytics -o`, and `tables` of the client."""

import asyncio
from pathlib import Path

import httpx
import pytest

from tests.unit.client.fake_api import FakeApi
from tests.unit.client.test_commands import invoke
from waybill_client import commands
from waybill_client.errors import ClientError

HEAD = b'"id","na\r\n""me"\r\n'
NEXT = '<https://api.example/v1/datasets/ships/rows?cursor=b%3D&kind=tug>; rel="next"'
ROWS = "datasets/ships/rows"


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeApi:
    api = FakeApi()
    monkeypatch.setattr(commands, "Waybill", lambda _api, token=None: api.client(token))
    return api


def pages(fake: FakeApi, *bodies: bytes, path: str = ROWS) -> None:
    """Let the API respond with these pages of a list."""
    responses = [
        httpx.Response(200, content=body, headers={"Link": NEXT} if at < len(bodies) - 1 else {})
        for at, body in enumerate(bodies)
    ]
    fake.on("GET", path, *responses)


def test_pages_of_csv_become_one_file_with_one_header(fake: FakeApi, tmp_path: Path) -> None:
    pages(fake, HEAD + b"1,a\r\n", HEAD + b"2,b\r\n")
    output = tmp_path / "ships.csv"
    said = invoke("rows", "ships", "kind=tug", "-o", str(output))
    assert said.exit_code == 0, said.output
    assert output.read_bytes() == HEAD + b"1,a\r\n2,b\r\n"
    first, second = [request for request in fake.requests if request.method == "GET"]
    assert dict(first.url.params) == {"kind": "tug", "limit": "500", "format": "csv"}
    assert second.url.params["cursor"] == "b="


def test_pages_of_parquet_are_numbered_files(fake: FakeApi, tmp_path: Path) -> None:
    pages(fake, b"PAR1", b"PAR2")
    invoke("rows", "ships", "kind=tug", "-o", str(tmp_path / "ships.parquet"))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        "ships-00001.parquet": b"PAR1",
        "ships-00002.parquet": b"PAR2",
    }
    assert fake.requests[0].headers["Accept"] == "application/vnd.apache.parquet"


def test_no_more_pages_than_the_limit_needs(fake: FakeApi) -> None:
    pages(fake, b'{"id":1}\n', b'{"id":2}\n')
    said = invoke("rows", "ships", "kind=tug", "--limit", "1", "--format", "jsonl")
    assert said.stdout == '{"id":1}\n'
    assert fake.requests[0].url.params["limit"] == "1"


def test_rows_are_a_table_without_a_format(fake: FakeApi) -> None:
    body = {"items": [{"id": 1, "name": "Ada"}], "next_cursor": None}
    fake.on("GET", ROWS, httpx.Response(200, json=body))
    assert "Ada" in invoke("rows", "ships", "kind=tug").stdout
    assert '"name": "Ada"' in invoke("rows", "ships", "kind=tug", "--json").stdout


def test_figures_are_written(fake: FakeApi, tmp_path: Path) -> None:
    pages(fake, b"ARROW1", path="analytics/hired/by-quarter")
    output = tmp_path / "hires.feather"
    invoke("analytics", "quarterly", "--year", "2020", "-o", str(output))
    assert output.read_bytes() == b"ARROW1"
    assert fake.requests[-1].headers["Accept"] == "application/vnd.apache.arrow.file"
    pages(fake, HEAD, path="analytics/departments/above-average")
    said = invoke("analytics", "departments", "--format", "csv")
    assert said.stdout_bytes == HEAD


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rows", "ships", "kind=tug", "--format", "parquet"], "parquet needs a file"),
        (["rows", "ships", "kind=tug", "-o", "ships.xlsx"], "--format is csv"),
        (["rows", "ships", "kind"], "kind is not COLUMN=VALUE"),
    ],
)
def test_what_cannot_be_written_is_said(fake: FakeApi, arguments: list[str], message: str) -> None:
    with pytest.raises(ClientError, match=message):
        invoke(*arguments)
    assert not fake.requests


def test_both_clients_return_the_pages(fake: FakeApi) -> None:
    pages(fake, b"1", b"2")
    with fake.client() as waybill:
        assert waybill.tables(ROWS, {"kind": "tug"}, format="parquet") == [b"1", b"2"]
        with pytest.raises(ClientError, match="one of csv"):
            waybill.tables(ROWS, {}, format="xlsx")

    async def both() -> list[bytes]:
        async with fake.async_client() as waybill:
            return await waybill.tables(ROWS, {"kind": "tug"}, format="jsonl")

    pages(fake, b"1", b"2")
    assert asyncio.run(both()) == [b"1", b"2"]
