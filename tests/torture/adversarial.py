"""Files made to exhaust a loader: each is encoded in a process of its own, and measured."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from tests.torture.figures import Figures
from tests.unit.load.peak_memory import CORPUS, MIB

MAX_PEAK = 300_000_000


class Measured(NamedTuple):
    """What a file cost the loader, and what became of it."""

    name: str
    megabytes: float
    peak: int
    cpu_seconds: float
    outcome: str


def measure(name: str) -> Measured:
    """Encode the file of the corpus in a child process."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "file")
        path.write_bytes(CORPUS[name][1]())
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-m", "tests.unit.load.peak_memory", name, str(path)]
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        result = json.loads(ended.stdout.splitlines()[-1])
        outcome = result.get("refused") or f"{result['read']} read, {result['rejected']} rejected"
        size = path.stat().st_size / MIB
    return Measured(name, size, result["peak"], result["cpu_seconds"], outcome)


def measure_corpus(
    figures: Figures, say: Callable[[str], None], names: Iterable[str] = tuple(CORPUS)
) -> None:
    """Measure every file and report it.

    Raises:
        AssertionError: a file took more memory than a loader may have.
    """
    worst = 0
    for name in names:
        one = measure(name)
        say(
            f"  {one.name}: {one.megabytes:.1f} MB, peak {one.peak // MIB} MB, "
            f"{one.cpu_seconds:.1f} s CPU, {one.outcome}"
        )
        assert one.peak < MAX_PEAK, one
        worst = max(worst, one.peak)
    figures.facts["worst peak of the adversarial corpus"] = f"{worst // MIB} MB"
