"""Runs of programs that load a file: their seconds, CPU, memory, and what became of the file."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

# The slowest of the tools would take an hour for many bad records.
_LIMIT_SECONDS = 90
_LAUNCHER = Path(__file__).parent / "loaders" / "launch.py"


@dataclass(frozen=True)
class Run:
    """One load, or the medians of several."""

    seconds: float
    cpu: float
    """Seconds of the client's CPU."""
    megabytes: float
    """Peak of the client's memory."""
    outcome: str = ""
    failed: bool = False
    server_cpu: float = 0.0
    """Seconds of the server's CPU, with its work in the background."""


Contenders = Mapping[str, Callable[[], Run]]


def run_program(
    command: Sequence[str | Path], folder: Path, environment: Mapping[str, str] | None = None
) -> Run:
    """Run a program, but not for longer than the limit."""
    result = folder / "run.json"
    done = subprocess.run(
        [sys.executable, "-I", "-S", _LAUNCHER, result, str(_LIMIT_SECONDS), *command],
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, **(environment or {})},
    )
    run = Run(**json.loads(result.read_text()), failed=done.returncode != 0)
    if run.seconds >= _LIMIT_SECONDS:
        return replace(run, outcome=f"ended after {_LIMIT_SECONDS} s")
    return run


def interleaved_runs(contenders: Contenders, rounds: int) -> dict[str, dict[str, Any]]:
    """Medians of each contender over `rounds` rounds, each in turn, and their seconds."""
    runs: dict[str, list[Run]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, contender in contenders.items():
            runs[name].append(contender())
    return {name: _summary(found) for name, found in runs.items()}


def _summary(runs: Sequence[Run]) -> dict[str, Any]:
    middle = Run(
        round(median(run.seconds for run in runs), 2),
        round(median(run.cpu for run in runs), 2),
        round(median(run.megabytes for run in runs)),
        runs[-1].outcome,
        runs[-1].failed,
        round(median(run.server_cpu for run in runs), 2),
    )
    return {**asdict(middle), "rounds": [round(run.seconds, 2) for run in runs]}
