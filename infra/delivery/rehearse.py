"""Runs the jobs of the workflows on a clean clone, as far as they need no account.

What the workflow sends to staging goes to the local stack of the clone.
"""

import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml

from infra.bootstrap import ROOT
from infra.delivery.tools import ToolError
from infra.local.postgres import free_port

_JOBS = (
    ("check.yml", "templates"),
    ("check.yml", "supply-chain"),
    ("deliver.yml", "build"),
    ("deliver.yml", "staging"),
)
# Of GitHub, of an account, or (the packages' vulnerabilities) of a service on the internet.
_ELSEWHERE = ("gh ", "make deploy", "make audit")
_ON_STACK = "WAYBILL_API"


def _steps() -> Iterator[tuple[str, bool]]:
    """The commands in order, and whether each is sent to a running API; each once."""
    seen = set()
    for file, job in _JOBS:
        text = (ROOT / ".github" / "workflows" / file).read_text("utf-8")
        for step in yaml.safe_load(text)["jobs"][job]["steps"]:
            command = str(step.get("run", ""))
            if command and command not in seen and not command.startswith(_ELSEWHERE):
                seen.add(command)
                yield command, _ON_STACK in step.get("env", {})


def rehearse() -> str:
    """Run them; how many there were.

    Raises:
        ToolError: one failed.
    """
    with tempfile.TemporaryDirectory(prefix="waybill-rehearsal-") as folder:
        clone = Path(folder) / "waybill"
        _run(("git", "clone", "--quiet", str(ROOT), str(clone)), Path(folder), {})
        own = {
            "WAYBILL_HOME": str(Path(folder) / "home"),
            "WAYBILL_PORT": str(free_port()),
            "WAYBILL_DATABASE_PORT": str(free_port()),
        }
        done = 0
        try:
            api: Mapping[str, str] = {}
            for command, is_sent in _steps():
                if is_sent and not api:
                    api = _stack(clone, own)
                _run(shlex.split(command), clone, {**own, **(api if is_sent else {})})
                done += 1
        finally:
            _run(("make", "down", "ERASE=1"), clone, own)
    return f"{done} steps on a clean clone"


def _stack(clone: Path, own: Mapping[str, str]) -> Mapping[str, str]:
    """Start the clone's stack; where it is, as the workflow's secrets say it of staging."""
    _run(("make", "up"), clone, own)
    status = json.loads(_run(("make", "-s", "status"), clone, own))
    return {"WAYBILL_API": status["api"], "WAYBILL_TOKEN": status["token"]}


def _run(command: tuple[str, ...] | list[str], folder: Path, more: Mapping[str, str]) -> str:
    started = time.monotonic()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    ended = subprocess.run(  # noqa: S603 - of the workflows, no shell
        command, cwd=folder, env={**kept, **more}, capture_output=True, text=True, check=False
    )
    if ended.returncode:
        raise ToolError(f"{shlex.join(command)}:\n{ended.stdout[-4000:]}{ended.stderr[-4000:]}")
    print(f"{time.monotonic() - started:7.1f} s  {shlex.join(command)}", file=sys.stderr)  # noqa: T201 - progress
    return ended.stdout
