"""The `waybill` command in a pseudo-terminal, and the README's examples, on the running stack."""

import gzip
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.bootstrap import ROOT
from tests.unit.client.terminal_session import Ended, environment, in_terminal

pytestmark = pytest.mark.e2e

Command = Callable[..., Ended]
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture
def command(api: str, token: Callable[[], str], tmp_path: Path) -> Command:
    """Runs `waybill` in a pseudo-terminal, in an empty folder."""

    def run(*arguments: str, columns: int = 80) -> Ended:
        return in_terminal(
            *arguments,
            api=api,
            columns=columns,
            folder=tmp_path,
            variables={"WAYBILL_TOKEN": token()},
        )

    return run


def test_rejects_are_downloaded_corrected_and_replayed(command: Command, tmp_path: Path) -> None:
    (tmp_path / "departments.csv").write_text("id,department\n7801,Command\n7802,\nx,Wrong\n")
    ended = command("upload", "departments.csv", columns=40)
    assert ended.code == 0, ended.screen
    (job,) = set(_ID.findall(ended.screen))
    assert "COMPLETED_WITH_REJECTS" in ended.screen
    assert "expected a value" in command("jobs", "rejects", job).screen
    lines = command("jobs", "rejects", job, "--csv").screen.splitlines()
    corrected = [re.sub(r",x,", ",7803,", re.sub(r",7802,$", ",7802,Mended", one)) for one in lines]
    (tmp_path / "corrected.csv").write_text("".join(f"{one}\n" for one in corrected if one))
    ended = command("jobs", "replay", job, "corrected.csv")
    assert ended.code == 0, ended.screen
    (replay,) = set(_ID.findall(ended.screen))
    shown = json.loads(command("jobs", "show", replay, "--json", columns=200).screen)
    assert (shown["waybill"]["inserted"], shown["waybill"]["rejected"]) == (2, 0)
    runs = json.loads(command("jobs", "runs", replay, "--json", columns=200).screen)
    assert {run["step"] for run in runs} >= {"plan", "load", "merge"}


def test_a_compressed_file_and_a_dry_run(command: Command, tmp_path: Path) -> None:
    text = b"id,department\n7811,Packed\n"
    (tmp_path / "departments.csv.gz").write_bytes(gzip.compress(text))
    ended = command("upload", "departments.csv.gz", "--dry-run", "--json", columns=200)
    assert ended.code == 0, ended.screen
    # Progress goes to the same terminal, and the result is last.
    (job,) = json.loads(ended.screen[ended.screen.index("[\n") :])
    assert (job["file"], job["waybill"]["inserted"]) == ("departments.csv.gz", 1)


def test_an_unknown_column_names_the_nearest_and_the_aliases(
    command: Command, tmp_path: Path
) -> None:
    (tmp_path / "people.csv").write_text("id,fullname,datetime,departmant_id,job_id\n1,A,x,1,1\n")
    ended = command("upload", "hired_employees", "people.csv", columns=400)
    assert ended.code == 1
    assert "'departmant_id' (nearest: department_id)" in ended.screen
    assert "hire_dt (or datetime" in ended.screen


def test_text_of_a_file_does_not_reach_the_terminal_raw(command: Command, tmp_path: Path) -> None:
    (tmp_path / "departments.csv").write_bytes(b"id,department\n\x1b]0;owned\x07x,\x1b[2JWrong\n")
    ended = command("upload", "departments.csv")
    assert ended.code == 1
    (job,) = set(_ID.findall(ended.screen))
    for arguments in (["jobs", "rejects", job], ["jobs", "rejects", job, "--csv"]):
        raw = command(*arguments).raw
        assert "\x07" not in raw
        assert "\x1b]0" not in raw
        assert "\x1b[2J" not in raw


def test_an_expired_login_says_how_to_log_in(api: str) -> None:
    ended = in_terminal("jobs", api=api, variables={"WAYBILL_TOKEN": "expired"})
    assert ended.code == 1
    assert "Log in with `waybill login`" in ended.screen


@pytest.mark.parametrize("example", [0, 1, 2])
def test_the_examples_of_the_readme_work(
    api: str, token: Callable[[], str], tmp_path: Path, example: int
) -> None:
    page = (ROOT / "layers" / "client" / "README.md").read_text()
    code = re.findall(r"```python\n(.*?)```", page, re.DOTALL)[example]
    (tmp_path / "jobs.csv").write_text("id,job\n7821,Writer\n")
    code = code.replace("https://…/v1", api).replace('token="…"', f'token="{token()}"')
    if "async def load" in code:
        code += '\nprint(asyncio.run(load([Path("jobs.csv")])))\n'
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment(api),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout
