"""The `waybill` command as a process, in a pseudo-terminal and with pipes."""

import gzip
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.client.http_api import HttpApi, http_api
from tests.unit.client.terminal_session import in_terminal, piped

FIRST = "0192f7a0-0000-7000-8000-000000000001"


@pytest.fixture
def api() -> Iterator[HttpApi]:
    with http_api() as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(3):
        (tmp_path / f"people{number}.csv").write_text("id,name\n1,Ada\n2,Bo\n")
    return tmp_path


@pytest.mark.parametrize("columns", [20, 80, 200])
def test_file_job_and_state_are_shown_and_ids_are_whole(
    api: HttpApi, folder: Path, columns: int
) -> None:
    ended = in_terminal("upload", "people0.csv", api=api.url, folder=folder, columns=columns)
    assert ended.code == 0
    line = next(one for one in ended.screen.splitlines() if FIRST in one)
    assert "COMPLETED" in line
    assert "people0.csv" in line
    assert FIRST in in_terminal("jobs", api=api.url, columns=columns).screen


def test_a_pattern_is_expanded_and_many_files_share_a_bar(api: HttpApi, tmp_path: Path) -> None:
    for number in range(12):
        (tmp_path / f"people{number:02}.csv").write_text("id,name\n1,Ada\n")
    ended = in_terminal("upload", "people*.csv", api=api.url, folder=tmp_path)
    assert ended.code == 0
    assert "12 of 12: people11.csv" in ended.screen
    # One bar: no line of the screen has another file's.
    assert "people05.csv   " not in ended.screen.partition("Waybills")[0].replace("6 of 12: ", "")
    assert [body["filename"] for body in api.bodies] == [f"people{n:02}.csv" for n in range(12)]


def test_standard_input_and_compressed_files_are_sent(api: HttpApi, tmp_path: Path) -> None:
    text = b"id,harbour\n1,Varna\n"
    ended = piped("upload", "-", "--name", "ports.csv", "--json", api=api.url, stdin=text)
    assert ended.returncode == 0, ended.stderr
    (job,) = json.loads(ended.stdout)
    assert (job["file"], job["job_id"]) == ("ports.csv", FIRST)
    (tmp_path / "export.csv.gz").write_bytes(gzip.compress(text))
    ended = piped("upload", "export.csv.gz", "--json", api=api.url, folder=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert [body["filename"] for body in api.bodies] == ["ports.csv", "export.csv.gz"]


def test_the_dataset_comes_from_the_option_the_argument_or_the_file(
    api: HttpApi, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text("id,harbour\n1,Varna\n")
    (tmp_path / "b.csv").write_text("x,y,z\n1,2,3\n")
    for arguments in (["a.csv"], ["ports", "b.csv"], ["b.csv", "--dataset", "ports"]):
        assert piped("upload", *arguments, api=api.url, folder=tmp_path).returncode == 0
    ended = piped("upload", "b.csv", api=api.url, folder=tmp_path)
    assert ended.returncode == 1
    assert "Use --dataset with one of: people, ports." in ended.stderr.decode()
    assert "Traceback" not in ended.stderr.decode()


def test_a_name_with_control_characters_is_sent_without_them(api: HttpApi, folder: Path) -> None:
    name = "pe\x1b[31m\nple.csv"
    (folder / name).write_text("id,name\n1,Ann\n")
    ended = piped("upload", "people", name, "--json", api=api.url, folder=folder)
    assert ended.returncode == 0, ended.stderr
    assert api.bodies[-1]["filename"] == "pe_[31m_ple.csv"


def test_an_unknown_dataset_names_those_there_are(api: HttpApi, folder: Path) -> None:
    ended = piped("upload", "unknown", "people0.csv", api=api.url, folder=folder)
    assert ended.returncode == 1
    assert "There are: people, ports." in ended.stderr.decode()
    ended = piped("datasets", "poeple", api=api.url)
    assert ended.returncode == 1
    assert "Did you mean people?" in ended.stderr.decode()


def test_every_warning_is_shown_and_control_characters_never_reach_the_terminal(
    api: HttpApi, folder: Path
) -> None:
    api.changes = {"warnings": ["first \x1b]0;title\x07", "second \u202e"], "dataset": "a\x9bb"}
    ended = in_terminal("upload", "people", "people0.csv", api=api.url, folder=folder)
    assert "first \\x1b]0;title\\x07" in ended.screen
    assert "second \\u202e" in ended.screen
    assert not {"\x07", "\x9b", "\u202e"} & set(ended.raw)
    assert "\x1b]" not in ended.raw


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"state": "FAILED", "error": {"detail": "It is empty."}}, 1),
        ({"waybill": {"read": 2, "inserted": 0, "rejected": 2}}, 1),
        ({"waybill": {"read": 2, "inserted": 1, "rejected": 1}}, 0),
        ({"state": "DUPLICATE"}, 0),
    ],
)
def test_scripts_can_trust_the_exit_code(
    api: HttpApi, folder: Path, changes: dict[str, object], code: int
) -> None:
    api.changes = changes
    for more in ([], ["--json"]):
        ended = piped("upload", "people", "people0.csv", *more, api=api.url, folder=folder)
        assert ended.returncode == code
    assert piped("jobs", "wait", FIRST, api=api.url).returncode == code


def test_wrong_usage_exits_with_2_and_a_missing_file_with_1(api: HttpApi) -> None:
    assert piped("upload", api=api.url).returncode == 2
    ended = piped("upload", "people", "missing.csv", api=api.url)
    assert ended.returncode == 1
    assert ended.stderr.decode() == "There is no file missing.csv.\n"


def test_a_wrong_port_is_one_line() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    for api in (f"http://127.0.0.1:{port}/v1", "http://127.0.0.1:99999/v1", "127.0.0.1:80", "x"):
        ended = piped("jobs", api=api)
        assert ended.returncode == 3, api
        (line,) = ended.stderr.decode().splitlines()
        assert line.startswith("The API cannot be reached at"), line


def test_a_port_of_something_else_is_one_line(api: HttpApi) -> None:
    api.is_other = True
    for command in ("jobs", "doctor"):
        ended = piped(command, api=api.url)
        assert ended.returncode == 1
        (line,) = ended.stderr.decode().splitlines()
        assert "no Waybill API" in line


def test_ctrl_c_while_waiting_says_which_jobs_go_on(api: HttpApi, folder: Path) -> None:
    api.never = True
    ended = in_terminal(
        "upload", "people0.csv", api=api.url, folder=folder, interrupt_after="Waiting for the jobs"
    )
    assert ended.code == 130
    assert "1 of 1 files were sent" in ended.screen
    assert f"waybill jobs wait {FIRST}\n" in ended.screen
    assert "Traceback" not in ended.screen


def test_ctrl_c_while_sending_says_how_to_send_the_rest(api: HttpApi, folder: Path) -> None:
    api.stall_at = 2
    ended = in_terminal(
        "upload", "people*.csv", api=api.url, folder=folder, interrupt_after="people1.csv"
    )
    assert ended.code == 130
    assert "1 of 3 files were sent" in ended.screen
    assert f"waybill jobs wait {FIRST}\n" in ended.screen
    assert "waybill upload people people1.csv people2.csv\n" in ended.screen


def test_json_is_everywhere(api: HttpApi) -> None:
    for command in (
        ["jobs"],
        ["jobs", "show", FIRST],
        ["jobs", "wait", FIRST],
        ["jobs", "runs", FIRST],
        ["jobs", "rejects", FIRST],
        ["jobs", "cancel", FIRST],
        ["datasets"],
        ["datasets", "people"],
        ["doctor"],
        ["redrive"],
    ):
        ended = piped(*command, "--json", api=api.url)
        assert ended.returncode == 0, (command, ended.stderr)
        json.loads(ended.stdout)


def test_shells_complete_commands_and_options() -> None:
    ended = piped("--show-completion", "bash", api="")
    assert ended.returncode == 0
    assert b"_WAYBILL_COMPLETE=complete_bash" in ended.stdout
