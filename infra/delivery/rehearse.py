"""Runs the jobs of the workflows on a clean clone, as far as they need no account.

What the workflow sends to staging goes to the local stack of the clone.
"""

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

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
Variables = Mapping[str, str]


class Step(NamedTuple):
    """A command of a workflow, and its place among those of the rehearsal, from 1."""

    number: int
    command: str
    is_sent: bool
    """Whether it is sent to a running API."""

    def __str__(self) -> str:
        return f"{self.number:2}  {self.command}"


def steps() -> list[Step]:
    """The commands in order, each once."""
    found: dict[str, bool] = {}
    for file, job in _JOBS:
        text = (ROOT / ".github" / "workflows" / file).read_text("utf-8")
        for step in yaml.safe_load(text)["jobs"][job]["steps"]:
            command = str(step.get("run", ""))
            if command and not command.startswith(_ELSEWHERE):
                found.setdefault(command, _ON_STACK in step.get("env", {}))
    return [Step(number, *each) for number, each in enumerate(found.items(), 1)]


def select(text: str) -> Sequence[Step]:
    """The steps of a list such as `1-4 7 9-`; all for an empty one.

    Raises:
        ToolError: it is no such list.
    """
    every = steps()
    chosen: set[int] = set()
    for part in text.split() or ["1-"]:
        bounds = re.fullmatch(r"(\d+)(-(\d*))?", part)
        if not bounds or not 1 <= int(bounds[1]) <= len(every):
            listed = "\n".join(map(str, every))
            raise ToolError(f"STEPS is a list such as `1-4 7 9-` of these:\n{listed}")
        last = int(bounds[3] or len(every)) if bounds[2] else int(bounds[1])
        chosen.update(range(int(bounds[1]), last + 1))
    return [step for step in every if step.number in chosen]


def rehearse(selected: Sequence[Step], kept: Path | None = None) -> str:
    """Run the steps; how many there were.

    Args:
        selected: of `steps`, in order.
        kept: folder of a clone that stays, with what earlier steps have built. It is made, or
            brought to what is committed. Without one, the clone is deleted at the end.

    Raises:
        ToolError: one failed.
    """
    with _folder(kept) as folder:
        clone, own = _clone(folder / "waybill"), _own(folder)
        api: Variables = {}
        try:
            for step in selected:
                if step.is_sent and not api:
                    api = _stack(clone, own)
                variables = {**own, **(api if step.is_sent else {})}
                _run(shlex.split(step.command), clone, variables, label=str(step))
        finally:
            _run(("make", "down", "ERASE=1"), clone, own)
    return f"{len(selected)} steps on a clean clone"


@contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    if kept:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="waybill-rehearsal-") as folder:
        yield Path(folder)


def _clone(clone: Path) -> Path:
    """Bring the clone to what is committed; what is built in it stays."""
    if not clone.is_dir():
        _run(("git", "init", "--quiet", str(clone)), clone.parent, {})
    _run(("git", "fetch", "--quiet", "--no-tags", str(ROOT), "HEAD"), clone, {})
    _run(("git", "checkout", "--quiet", "--force", "--detach", "FETCH_HEAD"), clone, {})
    return clone


def _own(folder: Path) -> Variables:
    """Where the clone's stack is, beside any other one of this machine."""
    return {
        "WAYBILL_HOME": str(folder / "home"),
        "WAYBILL_PORT": str(free_port()),
        "WAYBILL_DATABASE_PORT": str(free_port()),
    }


def _stack(clone: Path, own: Variables) -> Variables:
    """Start the clone's stack; where it is, as the workflow's secrets say it of staging."""
    _run(("make", "up"), clone, own)
    status = json.loads(_run(("make", "-s", "status"), clone, own))
    return {"WAYBILL_API": status["api"], "WAYBILL_TOKEN": status["token"]}


def _run(command: Sequence[str], folder: Path, more: Variables, label: str | None = None) -> str:
    started = time.monotonic()
    label = label or f"--  {shlex.join(command)}"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    ended = subprocess.run(  # noqa: S603 - of the workflows, no shell
        command, cwd=folder, env={**kept, **more}, capture_output=True, text=True, check=False
    )
    if ended.returncode:
        raise ToolError(f"{label}:\n{ended.stdout[-4000:]}{ended.stderr[-4000:]}")
    print(f"{time.monotonic() - started:7.1f} s  {label}", file=sys.stderr, flush=True)  # noqa: T201 - progress
    return ended.stdout
