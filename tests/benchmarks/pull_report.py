"""The result of `pull_sources`: on the terminal, as data, as a picture and in the README."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.benchmarks.bar_chart import bar_chart
from tests.benchmarks.kept import (
    FOLDER,
    machine,
    machine_line,
    read_data,
    table,
    write_data,
    write_part,
)
from tests.benchmarks.measure import say
from tests.benchmarks.pull_run import Run

NAME = "pull_sources"
_FIRST = "Waybill"
Contenders = Mapping[str, Callable[[], Run]]


def measured(contenders: Contenders, rounds: int) -> dict[str, Any]:
    """Medians of each contender, each in turn, and the seconds of each round."""
    found: dict[str, list[Run]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            found[name].append(run())
    return {name: _summary(runs) for name, runs in found.items()}


def _summary(runs: Sequence[Run]) -> dict[str, Any]:
    def middle(values: Sequence[float]) -> float:
        return round(statistics.median(values), 2)

    return {
        "seconds": middle([run.seconds for run in runs]),
        "cpu": middle([run.cpu for run in runs]),
        "server_cpu": middle([run.server_cpu for run in runs]),
        "phases": {
            name: middle([run.phases[name] for run in runs]) for name in runs[0].phases
        },
        "rounds": [round(run.seconds, 2) for run in runs],
    }  # fmt: skip


def say_kind(kind: str, rows: int, found: Mapping[str, Any]) -> None:
    """A table on the terminal."""
    say(f"{kind}: {rows} rows")
    for name, run in found.items():
        ratio = run["seconds"] / found[_FIRST]["seconds"]
        speed = rows / run["seconds"]
        cpu = f"{run['cpu']:7.2f} + {run['server_cpu']:.2f} s CPU"
        say(f"  {name:18} {run['seconds']:7.2f} s {cpu} {speed:9,.0f} rows/s {ratio:5.2f} x")
        if run["phases"]:
            say("    " + ", ".join(f"{step} {took:.2f}" for step, took in run["phases"].items()))


def keep(versions: str, rows: int, rounds: int, kinds: Mapping[str, Any]) -> None:
    """Write data, picture and tables; kinds that were not run now stay as they were."""
    old = read_data(NAME)["kinds"] if (FOLDER / f"{NAME}.json").exists() else {}
    about = {"rows": rows, "rounds": rounds, "machine": machine(), "versions": versions}
    result = {"kinds": {**old, **{kind: {**about, "runs": kinds[kind]} for kind in kinds}}}
    write_data(NAME, result)
    (FOLDER / f"{NAME}.svg").write_text(_chart(result["kinds"]))
    write_part(NAME, "".join(_part(kind, one) for kind, one in result["kinds"].items()))


def _part(kind: str, found: Mapping[str, Any]) -> str:
    runs, rows = found["runs"], found["rows"]
    lines = [
        [name, f"{run['seconds']:.1f}", f"{run['cpu']:.1f}", f"{run['server_cpu']:.1f}",
         f"{rows / run['seconds']:,.0f}", f"{run['seconds'] / runs[_FIRST]['seconds']:.2f}"]
        for name, run in runs.items()
    ]  # fmt: skip
    phases = ", ".join(f"`{name}` {took:.1f} s" for name, took in runs[_FIRST]["phases"].items())
    header = [f"from {kind}", "s", "CPU s", "server's CPU s", "rows/s", "times Waybill's"]
    about = f"{rows:,} rows, medians of {found['rounds']} rounds: {machine_line(found['machine'])}"
    return f"{about} {found['versions']}.\n\n{table(header, lines)}\nWaybill's time: {phases}.\n\n"


def _chart(kinds: Mapping[str, Any]) -> str:
    """Bars: rows a second of each contender, by kind."""
    names = list(dict.fromkeys(name for one in kinds.values() for name in one["runs"]))
    shown = {
        kind: [
            one["rows"] / one["runs"][name]["seconds"] if name in one["runs"] else 0
            for name in names
        ]
        for kind, one in kinds.items()
    }
    return bar_chart("Rows a second from the source to the table", "rows/s", shown, names)
