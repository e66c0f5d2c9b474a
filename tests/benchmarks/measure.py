"""Timing things side by side: interleaved, so that a busy machine is busy for all of them."""

import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence


def seconds(do: Callable[[], object]) -> float:
    """How long `do` takes, in seconds of wall time."""
    started = time.perf_counter()
    do()
    return time.perf_counter() - started


def interleaved(contenders: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """The median of each contender's seconds over `rounds` rounds, each in turn."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            times[name].append(run())
    return {name: statistics.median(values) for name, values in times.items()}


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` (0 to 1) of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def say(line: str) -> None:
    """A line of the report, on standard output."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
