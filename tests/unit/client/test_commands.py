import io
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer
from typer.testing import CliRunner, Result

from infra.bootstrap import ROOT
from tests.unit.client.fake_api import FakeApi
from waybill_client import commands
from waybill_client.errors import ClientError

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


def invoke(*arguments: str, api: str | None = "https://api.test/v1") -> Result:
    result = CliRunner().invoke(commands.make_app(lambda: api), list(arguments))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def upload(fake: FakeApi, folder: Path, *options: str, **job: object) -> Result:
    """Upload a file to a fake API whose job ends as `JOB`, changed by `job`."""
    file = folder / "people.csv"
    file.write_text("1\n")
    form = {"job_id": "j", "method": "POST", "url": "https://s3.test/b", "fields": {}}
    fake.on("POST", "uploads/people", httpx.Response(201, json=form))
    fake.on("POST", "https://s3.test/b", httpx.Response(204))
    fake.on("GET", "jobs/j", httpx.Response(200, json={**JOB, **job}))
    return invoke("upload", "people", str(file), *options)


def test_jobs_and_job_print_json(fake: FakeApi) -> None:
    fake.on("GET", "jobs", httpx.Response(200, json={"items": [JOB], "next_cursor": None}))
    fake.on("GET", "jobs/j", httpx.Response(200, json=JOB))
    assert json.loads(invoke("jobs", "--json").stdout) == [JOB]
    assert json.loads(invoke("job", "j", "--wait").stdout) == JOB


def test_upload_names_the_job_that_loaded_the_same_content(fake: FakeApi, tmp_path: Path) -> None:
    counts = {"read": 2, "inserted": 0, "unchanged": 2, "rejected": 0}
    result = upload(fake, tmp_path, state="DUPLICATE", duplicate_of="first", waybill=counts)
    assert result.exit_code == 0
    assert "by first" in result.stderr


def test_upload_exits_with_0_when_records_were_loaded(fake: FakeApi, tmp_path: Path) -> None:
    counts = {"read": 2, "inserted": 1, "rejected": 1}
    assert upload(fake, tmp_path).exit_code == 0
    assert upload(fake, tmp_path, state="COMPLETED_WITH_REJECTS", waybill=counts).exit_code == 0


def test_upload_exits_with_1_when_a_job_failed(fake: FakeApi, tmp_path: Path) -> None:
    result = upload(fake, tmp_path, state="FAILED", error={"detail": "The file is [empty]."})
    assert result.exit_code == 1
    assert "The file is [empty]." in result.stderr


def test_upload_exits_with_1_when_every_record_was_rejected(fake: FakeApi, tmp_path: Path) -> None:
    counts = {"read": 2, "inserted": 0, "rejected": 2}
    result = upload(fake, tmp_path, state="COMPLETED_WITH_REJECTS", waybill=counts)
    assert result.exit_code == 1


def test_upload_prints_every_warning(fake: FakeApi, tmp_path: Path) -> None:
    result = upload(fake, tmp_path, warnings=["first \x1b[2J", "[red]second"])
    assert "warning: first \\x1b[2J" in result.stderr
    assert "warning: [red]second" in result.stderr
    assert "\x1b" not in result.stderr


def test_upload_says_how_the_file_differs_from_the_table(fake: FakeApi, tmp_path: Path) -> None:
    drift = [
        {"column": "a[b]\x1b", "change": "added", "nearest": "ab", "action": "ignored"},
        {"column": "n", "change": "missing"},
        {"column": "k", "change": "retyped", "code": "invalid_integer"},
    ]
    result = upload(fake, tmp_path, drift=drift)
    output = " ".join(result.stderr.split())
    assert "(nearest: ab): ignored" in output
    assert "the file has no column n" in output
    assert "column k has values of another type: invalid_integer" in output
    assert "\x1b" not in output


def test_upload_sends_encoding_delimiter_and_dry_run(fake: FakeApi, tmp_path: Path) -> None:
    upload(fake, tmp_path, "--encoding", "latin-1", "--delimiter", ";", "--dry-run")
    body = fake.bodies()[0]
    assert body == {
        "filename": "people.csv",
        "size_bytes": 2,
        "delimiter": ";",
        "encoding": "latin-1",
        "dry_run": True,
    }


def test_rejects_csv_is_written_unchanged_to_a_pipe(fake: FakeApi) -> None:
    content = b"_line,name\r\n1,\x1b[31mAda\xff\r\n"
    fake.on("GET", "jobs/j/rejects", httpx.Response(200, content=content))
    assert invoke("rejects", "j", "--csv").stdout_bytes == content


def test_rejects_csv_on_a_terminal_shows_escapes(
    fake: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = io.StringIO()
    screen.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr("sys.stdout", screen)
    fake.on("GET", "jobs/j/rejects", httpx.Response(200, content=b"_line\r\n1,\x1b[31mA\xff\r\n"))
    commands.make_app(lambda: "https://api.test/v1")(
        ["rejects", "j", "--csv"], standalone_mode=False
    )
    assert screen.getvalue() == "_line\r\n1,\\x1b[31mA\\xff\r\n"


def test_redrive_continues_while_messages_are_left(fake: FakeApi) -> None:
    bodies = [{"queues": {"chunks": {"sent": 7, "left": left}}} for left in (5, 0)]
    fake.on("POST", "admin/redrive", *(httpx.Response(200, json=body) for body in bodies))
    assert invoke("redrive", "--queue", "chunks").exit_code == 0
    assert fake.bodies() == [{"queue": "chunks"}] * 2


def test_redrive_of_objects_follows_the_cursor(fake: FakeApi) -> None:
    bodies = [{"sent": 3, "next_cursor": "c"}, {"sent": 1, "next_cursor": None}]
    fake.on("POST", "admin/redrive/objects", *(httpx.Response(200, json=body) for body in bodies))
    since = "2026-03-01T00:00:00Z"
    result = invoke("redrive", "--prefix", "landing/d/", "--since", since)
    assert result.exit_code == 0
    assert "4 objects" in result.stderr
    params = {"prefix": "landing/d/", "since": since}
    assert fake.bodies() == [params, {**params, "cursor": "c"}]


def test_redrive_requires_a_prefix_with_times() -> None:
    with pytest.raises(ClientError, match="--prefix"):
        invoke("redrive", "--since", "2026-03-01T00:00:00Z")


def test_a_missing_url_names_the_variable() -> None:
    with pytest.raises(ClientError, match="WAYBILL_API"):
        invoke("jobs", api=None)


def test_figures_as_json(fake: FakeApi) -> None:
    figures: dict[str, object] = {"items": [], "next_cursor": None, "as_of": "now", "unassigned": 0}
    fake.on("GET", "analytics/hired/by-quarter", httpx.Response(200, json=figures))
    fake.on("GET", "analytics/departments/above-average", httpx.Response(200, json=figures))
    for name in ("quarterly", "departments"):
        result = invoke("analytics", name, "--year", "2020", "--json")
        assert json.loads(result.stdout) == figures
        assert fake.requests[-1].url.params["year"] == "2020"


def _leaves(command: Any, name: str = "waybill") -> Iterator[tuple[str, Any]]:
    if command.hidden:
        return
    commands_of = getattr(command, "commands", {})
    if not commands_of:
        yield name, command
    for child, one in commands_of.items():
        yield from _leaves(one, f"{name} {child}")


def test_every_command_prints_json() -> None:
    found = dict(_leaves(typer.main.get_command(commands.make_app())))
    assert len(found) > 15
    without = [
        name
        for name, command in found.items()
        if not any("--json" in option.opts for option in command.params)
    ]
    assert without == []


def test_the_client_requires_the_packages_that_the_project_locks() -> None:
    own = tomllib.loads((ROOT / "layers" / "client" / "pyproject.toml").read_text())["project"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert own["dependencies"] == project["optional-dependencies"]["client"]
    assert own["version"] == project["version"]
