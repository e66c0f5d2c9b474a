"""`AsyncWaybill`: the same requests, awaited."""

import asyncio
import inspect
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.unit.client.fake_api import FakeApi
from waybill_client import AsyncWaybill, ProblemError, UnreachableError, Waybill

FORM = {"job_id": "j", "method": "POST", "url": "https://s3.test/b", "fields": {"key": "k"}}


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeApi:
    sleep = asyncio.sleep
    monkeypatch.setattr("asyncio.sleep", lambda _seconds: sleep(0))
    return FakeApi()


def test_it_has_the_methods_and_the_parameters_of_the_other_client() -> None:
    def methods(client: type) -> dict[str, Any]:
        return {
            name: list(inspect.signature(method).parameters)
            for name, method in inspect.getmembers(client, inspect.isfunction)
            if not name.startswith("_")
        }

    assert methods(AsyncWaybill) == methods(Waybill)


def test_a_file_is_sent_awaited_and_its_rejects_are_read(fake: FakeApi, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_bytes(b"1,Ada\n" * 1000)
    fake.on("POST", "uploads/people", httpx.Response(201, json=FORM))
    fake.on("POST", "https://s3.test/b", httpx.Response(204))
    states = [httpx.Response(200, json={"job_id": "j", "state": s}) for s in ("LOADING", "FAILED")]
    fake.on("GET", "jobs/j", *states)
    pages: list[dict[str, Any]] = [
        {"items": [{"line": 1}], "next_cursor": "c"},
        {"items": [{"line": 2}], "next_cursor": None},
    ]
    fake.on("GET", "jobs/j/rejects", *(httpx.Response(200, json=page) for page in pages))
    sent: list[int] = []

    async def load() -> list[int]:
        async with fake.async_client("a-token") as waybill:
            job = await waybill.wait(await waybill.upload("people", file, progress=sent.append))
            assert job["state"] == "FAILED"
            return [reject["line"] async for reject in waybill.rejects("j")]

    assert asyncio.run(load()) == [1, 2]
    assert sum(sent) == 6000
    assert b"1,Ada\n" * 1000 in fake.requests[1].content
    assert "Authorization" not in fake.requests[1].headers


def test_parts_are_sent(fake: FakeApi, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_bytes(b"0123456789")
    accepted = {
        "job_id": "j",
        "method": "MULTIPART",
        "part_size_bytes": 6,
        "parts": [{"number": n, "url": f"https://s3.test/{n}"} for n in (1, 2)],
        "complete_url": "https://api.test/v1/complete",
    }
    fake.on("POST", "uploads/people", httpx.Response(201, json=accepted))
    etag = httpx.Response(200, headers={"ETag": '"e"'})
    fake.on("PUT", "https://s3.test/1", httpx.Response(500), etag)
    fake.on("PUT", "https://s3.test/2", etag)
    fake.on("POST", "complete", httpx.Response(202, json={}))

    async def load() -> str:
        async with fake.async_client() as waybill:
            return await waybill.upload("people", file)

    assert asyncio.run(load()) == "j"
    puts = [one.content for one in fake.requests if one.method == "PUT"]
    # The first one failed, and was sent again from its beginning.
    assert puts == [b"012345", b"012345", b"6789"]


def test_errors_are_those_of_the_other_client(fake: FakeApi) -> None:
    fake.on("GET", "jobs/j", httpx.Response(404, json={"type": "https://x/unknown-job"}))

    async def fail() -> None:
        async with fake.async_client() as waybill:
            await waybill.job("j")

    with pytest.raises(ProblemError, match="unknown-job"):
        asyncio.run(fail())


def test_a_failed_connection_names_the_url() -> None:
    def refuse(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    async def fail() -> None:
        transport = httpx.MockTransport(refuse)
        async with AsyncWaybill("https://api.test/v1", transport=transport) as waybill:
            await waybill.health()

    with pytest.raises(UnreachableError, match=r"https://api\.test/v1"):
        asyncio.run(fail())


def test_a_broken_connection_is_tried_again_where_nothing_was_done(fake: FakeApi) -> None:
    def breaks(_request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("reset")

    fake.on("GET", "datasets", breaks, httpx.Response(200, json={"items": []}))
    fake.on("DELETE", "jobs/j", breaks)

    async def use() -> None:
        async with fake.async_client() as waybill:
            assert await waybill.datasets() == []
            with pytest.raises(UnreachableError):
                await waybill.cancel("j")

    asyncio.run(use())
    assert [one.method for one in fake.requests] == ["GET", "GET", "DELETE"]
