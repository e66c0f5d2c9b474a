"""Run the `waybill` command in a pseudo-terminal, as a person does."""

import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from fcntl import ioctl
from pathlib import Path
from struct import pack
from termios import TIOCSWINSZ

from infra.bootstrap import ROOT

_CLIENT = ROOT / "layers" / "client" / "python"
_START = "from waybill_client.commands import main; main()"
_STYLES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_SECONDS = 60


class Ended:
    """What a command printed, without the terminal's own sequences, and its exit code."""

    def __init__(self, screen: bytes, code: int) -> None:
        self.raw = screen.decode("utf-8", "replace")
        self.screen = _STYLES.sub("", self.raw).replace("\r\n", "\n")
        self.code = code


def in_terminal(
    *arguments: str,
    api: str,
    columns: int = 80,
    folder: Path | None = None,
    interrupt_after: str = "",
    variables: Mapping[str, str] | None = None,
) -> Ended:
    """Run `waybill` with its output on a terminal; Ctrl-C once the screen has a text."""
    leader, follower = pty.openpty()
    ioctl(follower, TIOCSWINSZ, pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-c", _START, *arguments],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        cwd=folder,
        env=environment(api) | dict(variables or {}),
        start_new_session=True,
    )
    os.close(follower)
    screen, deadline = b"", time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        try:
            block = os.read(leader, 4096)
        except OSError:  # Linux reports the end of a terminal so.
            break
        if not block:
            break
        screen += block
        if interrupt_after and interrupt_after in _STYLES.sub("", screen.decode("utf-8", "ignore")):
            interrupt_after = ""
            process.send_signal(signal.SIGINT)
    os.close(leader)
    return Ended(screen, process.wait(_SECONDS))


def piped(
    *arguments: str, api: str, stdin: bytes = b"", folder: Path | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run `waybill` with pipes, as a script does."""
    return subprocess.run(
        [sys.executable, "-c", _START, *arguments],
        input=stdin,
        capture_output=True,
        cwd=folder,
        env=environment(api),
        timeout=_SECONDS,
        check=False,
    )


def environment(api: str) -> dict[str, str]:
    """The variables of the command."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(_CLIENT),
        "WAYBILL_API": api,
        "WAYBILL_TOKEN": "a-token",
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        "HOME": "/nonexistent",
    }
