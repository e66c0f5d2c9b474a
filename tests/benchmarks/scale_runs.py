"""Files of several sizes, each step by itself: what the scale model is made of and checked against.

`python -m tests.benchmarks.scale_runs [--rows 100000 1000000 …] [--rounds 2] [--keep]`
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.benchmarks.company import DEPARTMENTS, JOBS, migrated_cluster
from tests.benchmarks.hires_file import Hires
from tests.benchmarks.kept import machine, write_data
from tests.benchmarks.measure import say
from tests.postgres.databases import Database
from tests.postgres.roles import create_test_roles
from tests.sql.analytics.seed import owner

NAME = "scale_runs"
_GB = 1024**3
_STEPS = {"landed": "plan", "chunks": "load", "merges": "merge"}


def measure(database: Database, file: Path, rows: int) -> dict[str, Any]:
    """One load into the empty, partitioned table of a database of its own."""
    program = [sys.executable, "-m", "tests.benchmarks.loaders.with_phases"]
    command = [*program, str(database.port), database.name, "hired_employees", str(file)]
    written = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    found = json.loads(written.splitlines()[-1])
    if found["waybill"]["inserted"] != rows:
        raise RuntimeError(str(found["waybill"]))
    steps = {name: found["phases"][queue] for queue, name in _STEPS.items()}
    return {"rows": rows, "gb": file.stat().st_size / _GB, "steps": steps}


def middle(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Medians of the same load."""
    steps = {
        step: {
            key: round(statistics.median(run["steps"][step][key] for run in runs), 3)
            for key in ("seconds", "cpu", "server_cpu", "messages")
        }
        for step in _STEPS.values()
    }
    return {"rows": runs[0]["rows"], "gb": round(runs[0]["gb"], 5), "steps": steps}


def main() -> None:
    """Measure, print, and keep the data; the model draws them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000, 5_000_000])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    data: dict[str, Any] = {"machine": machine(), "rounds": options.rounds, "runs": []}
    with migrated_cluster() as (template, _), tempfile.TemporaryDirectory() as folder:
        with template.connect() as admin:
            create_test_roles(admin)
        with owner(template) as connection:
            for table, rows in (("departments", DEPARTMENTS), ("jobs", JOBS)):
                values = f"SELECT g, '{table} ' || g FROM generate_series(1, {rows}) AS g"
                connection.execute(f"INSERT INTO {table} {values}".encode())
        for rows in options.rows:
            file = Hires(rows).write(Path(folder) / f"{rows}.csv")
            runs = []
            for number in range(options.rounds):
                database = template.clone(f"run_{rows}_{number}")
                runs.append(measure(database, file, rows))
                database.drop()
            data["runs"].append(middle(runs))
            say(json.dumps(data["runs"][-1]))
    if options.keep:
        write_data(NAME, data)


if __name__ == "__main__":
    main()
