"""The rehearsal runs what the workflows run, and stops at what fails."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from infra.bootstrap import ROOT
from infra.delivery import rehearse
from infra.delivery.tools import ToolError

BESIDE = {("make", "up"), ("make", "-s", "status"), ("make", "down", "ERASE=1")}


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Mapping[str, str]]]:
    """What would be run, with the variables of each."""
    seen: list[tuple[str, Mapping[str, str]]] = []

    def run(
        command: Sequence[str], _: Path, more: Mapping[str, str], label: str | None = None
    ) -> str:
        # Those of a workflow have a label; the others prepare or end.
        assert bool(label) == (tuple(command) not in BESIDE and command[0] != "git")
        seen.append((" ".join(command), more))
        return '{"api": "http://stack/api/v1", "token": "t"}' if "status" in command else ""

    monkeypatch.setattr(rehearse, "_run", run)
    return seen


def test_every_step_but_those_of_an_account_is_run(
    commands: list[tuple[str, Mapping[str, str]]],
) -> None:
    # Beside the three of the clone, the start, the addresses and the end of its stack.
    assert rehearse.rehearse(rehearse.select("")) == f"{len(commands) - 6} steps on a clean clone"
    names = [command for command, _ in commands]
    assert [name.split()[1] for name in names[:3]] == ["init", "fetch", "checkout"]
    assert names[-1] == "make down ERASE=1"
    for step in ("make synth ENV=prod", "make check", "make sbom", "make build", "make workflows"):
        assert step in names
    assert not [name for name in names if name.startswith(("make deploy", "gh ", "make audit"))]
    order = [names.index(step) for step in ("make up", "make smoke", "make load-test", "make scan")]
    assert order == sorted(order)
    sent = {command for command, more in commands if "WAYBILL_TOKEN" in more}
    assert sent == {"make smoke", "make load-test", "make scan"}


def test_some_steps_are_run_in_a_clone_that_stays(
    commands: list[tuple[str, Mapping[str, str]]], tmp_path: Path
) -> None:
    (tmp_path / "kept" / "waybill").mkdir(parents=True)
    first, *_, last = rehearse.steps()
    rehearse.rehearse(rehearse.select(f"{last.number} 1"), tmp_path / "kept")
    names = [command for command, _ in commands]
    assert "git init" not in " ".join(names)
    run = [name for name in names if name in (first.command, last.command)]
    assert run == [first.command, last.command]
    assert (tmp_path / "kept" / "waybill").is_dir()


def test_steps_are_chosen_by_number_and_range() -> None:
    every = rehearse.steps()
    assert [step.number for step in every] == list(range(1, len(every) + 1))
    assert list(rehearse.select("")) == every
    assert [step.number for step in rehearse.select("2-3 5")] == [2, 3, 5]
    assert rehearse.select("4-")[-1] == every[-1]


@pytest.mark.parametrize("text", ["0", "99", "scan", "1..3", "-2"])
def test_another_choice_is_refused_with_the_steps(text: str) -> None:
    with pytest.raises(ToolError, match="make scan"):
        rehearse.select(text)


def test_the_clone_is_of_what_is_committed(tmp_path: Path) -> None:
    for _ in range(2):
        clone = rehearse._clone(tmp_path / "waybill")
        head = [rehearse._run(("git", "rev-parse", "HEAD"), folder, {}) for folder in (clone, ROOT)]
        assert head[0] == head[1]
        assert (clone / "Makefile").is_file()


def test_a_step_that_fails_ends_it(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="ls no-such-file"):
        rehearse._run(("ls", "no-such-file"), tmp_path, {})
    assert rehearse._run(("echo", "here"), tmp_path, {}) == "here\n"
