"""`waybill partitions` and `waybill restore-partition`, in process."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from tests.unit.client.fake_api import FakeApi
from tests.unit.client.test_commands import invoke
from waybill_client import commands
from waybill_client.errors import ClientError

PATH = "datasets/kinds/partitions"


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeApi:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    api = FakeApi()
    monkeypatch.setattr(commands, "Waybill", lambda _api, token=None: api.client(token))
    return api


def partition(state: str, **changes: Any) -> dict[str, Any]:
    """A partition as the API shows it."""
    return {
        "partition": "2019",
        "state": state,
        "rows": 12,
        "folder": "lake/dataset=kinds/year=2019/",
        "error": None,
        **changes,
    }


def restoring(fake: FakeApi, *ends: dict[str, Any]) -> None:
    """Let the API restore; the last of the partitions is what it ends as."""
    fake.on("POST", f"{PATH}/2019/restore", httpx.Response(202, json=partition("RESTORING")))
    fake.on(
        "GET", PATH, *[httpx.Response(200, json={"items": [each], "athena": None}) for each in ends]
    )


def test_a_partition_is_restored_and_waited_for(fake: FakeApi) -> None:
    restoring(fake, partition("RESTORING"), partition("RESTORED", folder=None))
    said = invoke("restore-partition", "kinds", "2019", "--keep-days", "3")
    assert (said.exit_code, said.stderr) == (0, "Restored kinds 2019: 12 rows.\n")
    assert fake.bodies() == [{"keep_days": 3}]
    assert [request.method for request in fake.requests] == ["POST", "GET", "GET"]


def test_why_a_partition_was_not_restored_is_said(fake: FakeApi) -> None:
    restoring(fake, partition("ARCHIVED", error={"detail": "A key is there again."}))
    with pytest.raises(ClientError, match="A key is there again"):
        invoke("restore-partition", "kinds", "2019")


def test_partitions_are_listed(fake: FakeApi) -> None:
    failed = partition("FAILED", partition="2018", rows=None, folder=None, error={"detail": "no"})
    items = [failed, partition("ARCHIVED")]
    fake.on("GET", PATH, httpx.Response(200, json={"items": items}))
    said = invoke("partitions", "kinds")
    assert "2018" in said.stdout
    assert "FAILED" in said.stdout
    assert "lake/dataset=kinds/year=2019/" in said.stdout
    assert json.loads(invoke("partitions", "kinds", "--json").stdout) == items


def test_the_statement_for_athena_is_printed_alone(fake: FakeApi) -> None:
    statement = "CREATE EXTERNAL TABLE `kinds` (\n    `id` bigint\n)"
    left_out = [{"column": "größe", "reason": "names have letters"}]
    table = {"statement": statement, "left_out": left_out, "not_read": ["2018"]}
    fake.on("GET", PATH, httpx.Response(200, json={"items": [], "athena": table}))
    said = invoke("lake-ddl", "kinds")
    assert said.stdout == f"{statement}\n"
    assert "größe is left out: names have letters." in said.stderr
    assert "2018 is not read" in said.stderr
    assert json.loads(invoke("lake-ddl", "kinds", "--json").stdout) == table


def test_a_dataset_without_a_lake_has_no_statement(fake: FakeApi) -> None:
    fake.on("GET", PATH, httpx.Response(200, json={"items": [], "athena": None}))
    with pytest.raises(ClientError, match="No partition of kinds"):
        invoke("lake-ddl", "kinds")


def test_the_asynchronous_client_does_the_same(fake: FakeApi) -> None:
    restoring(fake, partition("RESTORED"))

    async def restore() -> tuple[dict[str, Any], list[dict[str, Any]]]:
        client = fake.async_client()
        found = await client.restore_partition("kinds", "2019", keep_days=5)
        assert await client.athena_table("kinds") is None
        return found, await client.partitions("kinds")

    found, items = asyncio.run(restore())
    assert (found["state"], items) == ("RESTORED", [found])
    assert fake.bodies() == [{"keep_days": 5}]


def test_a_restore_that_takes_too_long_is_reported(fake: FakeApi) -> None:
    restoring(fake, partition("RESTORING"))
    with fake.client() as client, pytest.raises(TimeoutError, match="kinds 2019 is RESTORING"):
        client.restore_partition("kinds", "2019", timeout_seconds=0)
