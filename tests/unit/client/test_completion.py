"""Completion by the shells themselves, as `--show-completion` sets it up in each."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.client.terminal_session import environment

_START = f"#!{sys.executable}\nfrom waybill_client.commands import main\nmain()\n"
# Each prints the words that begin with `waybill jobs re`.
_SCRIPTS = {
    "bash": """
        source <(waybill --show-completion)
        complete -p waybill > /dev/null
        COMP_WORDS=(waybill jobs re) COMP_CWORD=2
        _waybill_completion waybill
        printf '%s\\n' "${COMPREPLY[@]}"
    """,
    # The shell's own function that offers words needs its line editor.
    "zsh": """
        compdef() { :; }
        _arguments() { print -r -- "$@" }
        source <(waybill --show-completion)
        words=(waybill jobs re) CURRENT=3
        _waybill_completion
    """,
    "fish": """
        waybill --show-completion | source
        complete -C 'waybill jobs re'
    """,
}


@pytest.mark.parametrize("shell", _SCRIPTS)
def test_a_shell_completes_commands(shell: str, tmp_path: Path) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    command = tmp_path / "waybill"
    command.write_text(_START)
    command.chmod(0o700)
    variables = environment("") | {"HOME": str(tmp_path)}
    variables["PATH"] = f"{tmp_path}:{variables['PATH']}"
    ended = subprocess.run(
        [program, "-c", _SCRIPTS[shell]],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 0, ended.stderr
    found = {word for word in ("replay", "revert", "rejects", "runs") if word in ended.stdout}
    assert found == {"replay", "revert", "rejects"}, ended.stdout + ended.stderr
