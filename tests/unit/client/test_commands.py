import json
import tomllib
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from infra.bootstrap import ROOT
from tests.unit.client.fake_api import FakeApi
from waybill_client import commands
from waybill_client.problems import ClientError

JOB = {
    "job_id": "j",
    "dataset": "people",
    "state": "COMPLETED",
    "waybill": {"read": 1, "inserted": 1, "rejected": 0},
}


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeApi:
    api = FakeApi()
    monkeypatch.setattr(commands, "Waybill", lambda _api, token=None: api.client(token))
    return api


def invoke(*arguments: str, api: str | None = "https://api.test/v1") -> str:
    result = CliRunner().invoke(commands.make_app(lambda: api), list(arguments))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return f"{result.exit_code} {result.stdout}"


def test_jobs_and_job(fake: FakeApi) -> None:
    fake.on("GET", "jobs", httpx.Response(200, json={"items": [JOB], "next_cursor": None}))
    fake.on("GET", "jobs/j", httpx.Response(200, json=JOB))
    assert json.loads(invoke("jobs", "--json")[2:]) == [JOB]
    assert json.loads(invoke("job", "j", "--wait")[2:]) == JOB


def test_upload_fails_when_a_job_failed(fake: FakeApi, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("1\n")
    form = {"job_id": "j", "method": "POST", "url": "https://s3.test/b", "fields": {}}
    fake.on("POST", "uploads/people", httpx.Response(201, json=form))
    fake.on("POST", "https://s3.test/b", httpx.Response(204))
    fake.on("GET", "jobs/j", httpx.Response(200, json=JOB))
    assert invoke("upload", "people", str(file)).startswith("0")
    failed = {**JOB, "state": "FAILED", "error": {"detail": "It is empty."}}
    fake.on("GET", "jobs/j", httpx.Response(200, json=failed))
    assert invoke("upload", "people", str(file)).startswith("1")


def test_redrive_goes_on_while_something_is_left(fake: FakeApi) -> None:
    answers = [{"queues": {"chunks": {"sent": 7, "left": left}}} for left in (5, 0)]
    told = [httpx.Response(200, json=answer) for answer in answers]
    fake.on("POST", "admin/redrive", *told)
    assert invoke("redrive", "--queue", "chunks").startswith("0")
    assert fake.bodies() == [{"queue": "chunks"}] * 2


def test_redrive_of_objects_follows_the_cursor(fake: FakeApi) -> None:
    answers = [{"sent": 3, "next_cursor": "c"}, {"sent": 1, "next_cursor": None}]
    told = [httpx.Response(200, json=answer) for answer in answers]
    fake.on("POST", "admin/redrive/objects", *told)
    assert invoke("redrive", "--prefix", "landing/d/", "--since", "2026-03-01T00:00:00Z")[0] == "0"
    asked = {"prefix": "landing/d/", "since": "2026-03-01T00:00:00Z"}
    assert fake.bodies() == [asked, {**asked, "cursor": "c"}]


def test_times_without_a_prefix_are_asked_back() -> None:
    with pytest.raises(ClientError, match="--prefix"):
        invoke("redrive", "--since", "2026-03-01T00:00:00Z")


def test_without_an_address_the_way_on_is_told() -> None:
    with pytest.raises(ClientError, match="WAYBILL_API"):
        invoke("jobs", api=None)


def test_figures_as_json(fake: FakeApi) -> None:
    found: dict[str, object] = {"items": [], "next_cursor": None, "as_of": "now", "unassigned": 0}
    fake.on("GET", "analytics/hired/by-quarter", httpx.Response(200, json=found))
    fake.on("GET", "analytics/departments/above-average", httpx.Response(200, json=found))
    for name in ("quarterly", "departments"):
        assert json.loads(invoke("analytics", name, "--year", "2020", "--json")[2:]) == found
        assert fake.asked[-1].url.params["year"] == "2020"


def test_the_client_asks_for_what_the_project_locks() -> None:
    own = tomllib.loads((ROOT / "layers" / "client" / "pyproject.toml").read_text())["project"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert own["dependencies"] == project["optional-dependencies"]["client"]
    assert own["version"] == project["version"]
