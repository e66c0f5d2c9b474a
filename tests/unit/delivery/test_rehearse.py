"""The rehearsal runs what the workflows run, and stops at what fails."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from infra.delivery import rehearse
from infra.delivery.tools import ToolError


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Mapping[str, str]]]:
    """What would be run, with the variables of each."""
    seen: list[tuple[str, Mapping[str, str]]] = []

    def run(command: Sequence[str], _: Path, more: Mapping[str, str]) -> str:
        seen.append((" ".join(command), more))
        return '{"api": "http://stack/api/v1", "token": "t"}' if "status" in command else ""

    monkeypatch.setattr(rehearse, "_run", run)
    return seen


def test_every_step_but_those_of_an_account_is_run(
    commands: list[tuple[str, Mapping[str, str]]],
) -> None:
    # Beside the clone and the start, the addresses and the end of its stack.
    assert rehearse.rehearse() == f"{len(commands) - 4} steps on a clean clone"
    names = [command for command, _ in commands]
    assert names[0].startswith("git clone")
    assert names[-1] == "make down ERASE=1"
    for step in ("make synth ENV=prod", "make check", "make sbom", "make build", "make workflows"):
        assert step in names
    assert not [name for name in names if name.startswith(("make deploy", "gh ", "make audit"))]
    order = [names.index(step) for step in ("make up", "make smoke", "make load-test", "make scan")]
    assert order == sorted(order)
    sent = {command for command, more in commands if "WAYBILL_TOKEN" in more}
    assert sent == {"make smoke", "make load-test", "make scan"}


def test_a_step_that_fails_ends_it(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="ls no-such-file"):
        rehearse._run(("ls", "no-such-file"), tmp_path, {})
    assert rehearse._run(("echo", "here"), tmp_path, {}) == "here\n"
