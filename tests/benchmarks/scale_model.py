"""How long files take and what a day costs on Aurora, modelled from files of several sizes.

`python -m tests.benchmarks.scale_model [--keep]` draws `scale_file.svg` and `scale_day.svg` and
writes the tables, from what `scale_runs` has measured. The two smallest sizes make the model, and
the others are predicted and compared.
"""

import argparse
import math
from collections.abc import Mapping
from typing import Any

from infra.cost import load as per
from tests.benchmarks.kept import FOLDER, machine_line, read_data, table, write_part
from tests.benchmarks.line_chart import Axis, Line, line_chart
from tests.benchmarks.measure import say
from tests.benchmarks.scale_runs import NAME
from tests.benchmarks.scale_work import DAY, MERGE_LIMIT, Day, Model, populated

ACUS = (1, 8, 32, 128)
FILES_GB = (1, 4, 16, 64, 256, 1024)
DAYS_GB = (10, 20, 50, 100, 200, 500)


def error(model: Model, run: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    """CPU seconds of a measured file by step: measured, and by the model."""
    return {
        step: (
            run["steps"][step]["cpu"] * (step != "merge") + run["steps"][step]["server_cpu"],
            modelled,
        )
        for step, modelled in model.cpu(run["gb"]).items()
    }


def _largest(parts: Mapping[str, float]) -> str:
    return max(parts, key=parts.__getitem__)


def _file_cell(parts: Mapping[str, float]) -> str:
    if parts["one merge"] > MERGE_LIMIT:
        return f"not in a day ({duration(parts['one merge'])})"
    return f"{duration(sum(parts.values()))} ({_largest(parts)})"


def duration(seconds: float) -> str:
    """As `40 s`, `12 min`, `3.1 h` or `2.0 d`."""
    for unit, size in (("d", DAY), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


def page(data: Mapping[str, Any], model: Model) -> str:
    """The tables of the page."""
    checked = [
        [
            f"{run['rows']:,}",
            f"{1024 * run['gb']:.0f} MB",
            "predicted" if place > 1 else "fitted",
            *(f"{was:.1f} / {modelled:.1f}" for was, modelled in error(model, run).values()),
        ]
        for place, run in enumerate(data["runs"])
    ]
    files = [[f"{gb:,} GB", *(_file_cell(model.file(gb, acu)) for acu in ACUS)] for gb in FILES_GB]
    days = [
        [
            f"{gb} GB",
            f"{sum(day.costs.values()):,.0f}",
            _largest(day.costs),
            *(
                cell
                for seconds in (DAY, 3600)
                for cell in (
                    f"{day.acu(seconds):.1f}",
                    f"{math.ceil(day.datasets(seconds))}",
                    day.limit(seconds),
                )
            ),
        ]
        for gb in DAYS_GB
        for day in [model.day(gb)]
    ]
    several = ["ACU", "datasets", "short of"]
    return "\n".join(
        (
            machine_line(data["machine"]),
            "",
            "Measured / by the model, CPU seconds:",
            "",
            table(["records", "file", "", "plan", "load", "merge"], checked),
            "Extrapolated, all of it: one file on a database that does nothing else, and what takes"
            " most of the time.",
            "",
            table(["file", *(f"{acu} ACU" for acu in ACUS)], files),
            "Extrapolated, all of it: a day in files of 64 MB, into tables that have rows, where a"
            f" merge took {populated():.1f} times the CPU; kept for {per.Load().days_kept} days;"
            " USD a month in `prod`. On the left it comes evenly, on the right within an hour.",
            "",
            table(
                [
                    "a day",
                    "USD",
                    "most for",
                    *several,
                    *(f"in an hour: {name}" for name in several),
                ],
                days,
            ),
        )
    )


def file_chart(data: Mapping[str, Any], model: Model) -> str:
    """Seconds of a file; dots are what was measured, on this machine's cores."""
    known = data["runs"][-1]["gb"]
    sizes = [run["gb"] for run in data["runs"]] + list(map(float, FILES_GB))
    lines = [
        Line(name, [(gb, sum(model.file(gb, acu).values())) for gb in sizes], known)
        # One merge uses one core, and larger databases are hardly faster.
        for acu, name in ((1, "1 ACU"), (2, "2 ACU"), (8, "8 to 128 ACU"))
    ]
    dots = [
        (run["gb"], sum(step["cpu"] + step["server_cpu"] for step in run["steps"].values()))
        for run in data["runs"]
    ]
    x = Axis(
        "size of the file",
        sizes[0],
        1024,
        {0.01: "10 MB", 0.1: "0.1 GB", 1: "1 GB", 10: "10", 100: "100", 1024: "1 TB"},
    )
    y = Axis(
        "time until it is loaded", 1, 30 * DAY, {1: "1 s", 60: "1 min", 3600: "1 h", DAY: "1 day"}
    )
    title = "A file by size; dots: CPU seconds measured; dashed: extrapolated"
    return line_chart(title, x, y, lines, dots)


def _compute(day: Day) -> float:
    return day.costs["Aurora compute"] + day.costs["Lambda"]


def day_chart(model: Model) -> str:
    """USD a month by GB a day."""
    days = [model.day(gb) for gb in DAYS_GB]
    lines = [
        Line("USD a month", [(day.gb, sum(day.costs.values())) for day in days], 0),
        Line("of it compute", [(day.gb, _compute(day)) for day in days], 0),
        Line("ACU, evenly", [(day.gb, day.acu()) for day in days], 0),
        Line("ACU, in an hour", [(day.gb, day.acu(3600)) for day in days], 0),
    ]
    x = Axis("GB a day", 10, 500, {gb: str(gb) for gb in DAYS_GB})
    y = Axis("number", 0.5, 20_000, {1: "1", 10: "10", 100: "100", 1000: "1,000", 10_000: "10,000"})
    return line_chart("A day's load in prod (extrapolated)", x, y, lines, [])


def main() -> None:
    """Print the tables, and with `--keep` write pictures and page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    data = read_data(NAME)
    model = Model.of(data["runs"])
    say(page(data, model))
    if options.keep:
        write_part("scale_model", page(data, model))
        charts: Mapping[str, str] = {
            "scale_file": file_chart(data, model),
            "scale_day": day_chart(model),
        }
        for name, svg in charts.items():
            (FOLDER / f"{name}.svg").write_text(svg)


if __name__ == "__main__":
    main()
