"""First requests of every function, from the built layers under Lambda's Python.

`python -m tests.benchmarks.cold_starts [--rounds 7] [--keep]`

Each start is a new interpreter that sees the function's package and its layers, and nothing else;
functions take turns. It is measured until the handler is imported, and until the request calls
another host for the first time, or is answered without: settings are read, clients made. What
Lambda itself takes (the sandbox, unpacking) is not in it, nor are files read from a cold disk.
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from infra.functions import SPECS
from infra.layers.bytecode import interpreter
from tests.benchmarks.kept import machine, machine_line, table, write_data, write_part
from tests.benchmarks.measure import say
from tests.infra.first_calls import FirstCall, built_layers, first_call, source_of

_NAME = "cold_starts"


def measure(python: Path, rounds: int) -> dict[str, list[FirstCall]]:
    """Every start, by function."""
    with tempfile.TemporaryDirectory() as scratch:
        layers = built_layers(Path(scratch))
        sources = {name: source_of(spec, Path(scratch)) for name, spec in SPECS.items()}
        found: dict[str, list[FirstCall]] = {name: [] for name in SPECS}
        # The first reads the files; a Lambda sandbox has them on its disk, too.
        for counted in (False, *([True] * rounds)):
            for name, spec in SPECS.items():
                one = first_call(python, layers, spec, sources[name])
                if counted:
                    found[name].append(one)
    return found


def figures(starts: list[FirstCall]) -> dict[str, Any]:
    """Medians: milliseconds, MB, and how many modules were imported before the request."""
    return {
        "imported_ms": round(1000 * statistics.median(one.imported for one in starts)),
        "called_ms": round(1000 * statistics.median(one.called for one in starts)),
        "cpu_ms": round(1000 * statistics.median(one.cpu for one in starts)),
        "megabytes": round(statistics.median(one.megabytes for one in starts)),
        "modules": len(starts[0].modules),
        "ended": starts[0].ended,
    }


def page(data: dict[str, Any]) -> str:
    """The table of the page, those with the most work first."""
    ordered = sorted(data["functions"].items(), key=lambda one: -one[1]["cpu_ms"])
    rows = [
        [
            f"`{name}`",
            *(
                str(one[key])
                for key in ("imported_ms", "called_ms", "cpu_ms", "modules", "megabytes")
            ),
        ]
        for name, one in ordered
    ]
    header = ["function", "imported, ms", "first call, ms", "CPU, ms", "modules", "MB"]
    return f"{machine_line(data['machine'])} Python {data['python']}.\n\n{table(header, rows)}"


def main() -> None:
    """Measure, print, and with `--keep` write data and page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    python = interpreter()
    if python is None:
        sys.exit("Python 3.13, which Lambda runs, is not installed.")
    about = machine()
    found = measure(python, options.rounds)
    data = {
        "machine": about,
        "python": "3.13",
        "rounds": options.rounds,
        "functions": {name: figures(starts) for name, starts in found.items()},
    }
    say(page(data))
    if options.keep:
        write_data(_NAME, data)
        write_part(_NAME, page(data))


if __name__ == "__main__":
    main()
