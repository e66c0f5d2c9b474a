"""Previews by the clients and by `waybill preview`, over canned responses."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.unit.client.fake_api import FakeApi
from tests.unit.client.test_commands import invoke
from waybill_client import commands

RECORDS: list[dict[str, Any]] = [
    {"line": 2, "raw": " A7 ,none", "outcome": "loaded", "rule": None, "errors": [],
     "before": {"buoy": " A7 ", "guide": "none"},
     "after": {"buoy": "a7", "guide": None, "sea": "Coral"}},
    {"line": 3, "raw": "sum,", "outcome": "filtered", "rule": "filter", "errors": [],
     "before": {"buoy": "sum", "guide": None}, "after": None},
    {"line": 4, "raw": "b,\x1b[2J", "outcome": "rejected", "rule": None,
     "before": None, "after": None,
     "errors": [{"column": "guide", "code": "too_long", "message": "has [too] many"}]},
]  # fmt: skip
SHOWN: dict[str, Any] = {
    "columns": ["buoy", "guide"],
    "records": RECORDS,
    "not_shown": [],
    "warnings": ["Duplicates are looked for among the records shown."],
    "drift": [{"column": "depth", "change": "missing"}],
}


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeApi:
    api = FakeApi()
    api.on("POST", "datasets/dives/preview", httpx.Response(200, json=SHOWN))
    monkeypatch.setattr(commands, "Waybill", lambda _api, token=None: api.client(token))
    return api


def test_records_are_shown_before_and_after_with_the_reasons(fake: FakeApi, tmp_path: Path) -> None:
    file = tmp_path / "dives.csv"
    file.write_bytes(b"buoy;guide\n A7 ;none\n")
    said = invoke("preview", "dives", str(file), "--delimiter", ";", "--source", "lab")
    assert said.exit_code == 0
    lines = [line.split() for line in said.stdout.splitlines() if line.strip()]
    assert ["2", "loaded", "A7", "→", "a7", "none", "→", "null", "Coral"] in lines
    assert ["3", "filtered:", "filter", "sum"] in lines
    assert ["4", "rejected"] in lines
    assert ["4", "guide", "has", "[too]", "many", "b,\\x1b[2J"] in lines
    assert "\x1b" not in said.stdout
    assert "Duplicates are looked for" in said.stderr
    assert "the file has no column depth" in said.stderr
    (request,) = fake.requests
    assert request.content == file.read_bytes()
    assert dict(request.url.params) == {"delimiter": ";", "source": "lab", "whole": "true"}


def test_the_response_is_printed_as_json(fake: FakeApi, tmp_path: Path) -> None:
    file = tmp_path / "dives.csv"
    file.write_bytes(b"a\n")
    assert json.loads(invoke("preview", "dives", str(file), "--json").stdout) == SHOWN
    assert dict(fake.requests[0].url.params) == {"whole": "true"}


def test_a_file_of_rejects_only_ends_with_1(fake: FakeApi, tmp_path: Path) -> None:
    file = tmp_path / "dives.csv"
    file.write_bytes(b"a\n")
    only = httpx.Response(200, json={**SHOWN, "records": RECORDS[2:]})
    fake.on("POST", "datasets/dives/preview", only)
    assert invoke("preview", "dives", str(file)).exit_code == 1


def test_of_a_large_file_its_beginning_is_sent(fake: FakeApi, tmp_path: Path) -> None:
    file = tmp_path / "dives.csv"
    file.write_bytes(b"a7,Kim\n" * 1_000_000)
    with fake.client() as waybill:
        waybill.preview("dives", file)
    assert fake.requests[0].content == file.read_bytes()[: 4 * 1024 * 1024]
    assert dict(fake.requests[0].url.params) == {"whole": "false"}


def test_both_clients_send_rows_alike(fake: FakeApi) -> None:
    rows: list[dict[str, str | None]] = [{"buoy": "a7"}, {"buoy": None}]

    fake.on("POST", "datasets/dives/preview", lambda _request: httpx.Response(200, json=SHOWN))

    async def ask() -> object:
        async with fake.async_client() as waybill:
            return await waybill.preview("dives", rows)

    with fake.client() as waybill:
        assert waybill.preview("dives", rows) == asyncio.run(ask()) == SHOWN
    assert fake.bodies() == [{"rows": rows}] * 2
