"""Peak memory of planning and staging one object: small, large, compressed, all bad.

`python -m tests.benchmarks.peak_memory [--only "10 GB"] [--keep]`

Each case is a process of its own, which includes the test's stand-ins for S3 and SQS; objects are
generated as they are read, and what is staged is removed after each chunk of 64 MB.
"""

import argparse
import gzip
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from backports import zstd

from tests.benchmarks.company import migrated_cluster
from tests.benchmarks.kept import (
    FOLDER,
    machine,
    machine_line,
    read_data,
    table,
    write_data,
    write_part,
)
from tests.benchmarks.loaders.stage_object import CASES, Generated
from tests.benchmarks.measure import say
from tests.postgres.databases import Database
from tests.postgres.roles import create_test_roles
from tests.sql.analytics.seed import owner

_NAME = "peak_memory"
TABLE = """
CREATE TABLE simple_hires (
    id int NOT NULL, name text NOT NULL, hire_dt timestamptz NOT NULL, department_id int, job_id int
);
SELECT waybill.register_dataset('simple_hires', write_disposition => 'append');
"""
_PIECE = 8 * 1024 * 1024


def _pieces(case: str, generated: Generated) -> Iterator[bytes]:
    """The content, compressed piece by piece: both formats allow several members."""
    for begin in range(0, generated.size, _PIECE):
        piece = generated.read(begin, min(begin + _PIECE, generated.size))
        yield gzip.compress(piece, 1) if case.endswith("gzip") else zstd.compress(piece)


def _compressed(case: str, generated: Generated, folder: Path) -> list[str]:
    """The file of a case that is compressed."""
    if " in " not in case:
        return []
    path = folder / "object"
    with path.open("wb") as file:
        for piece in _pieces(case, generated):
            file.write(piece)
    return [str(path)]


def measure(database: Database, case: str, folder: Path) -> dict[str, Any]:
    """One case, in a process and a database of its own."""
    file = _compressed(case, CASES[case](), folder)
    program = [sys.executable, "-m", "tests.benchmarks.loaders.stage_object"]
    command = [*program, str(database.port), database.name, case, *file]
    written = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    found: dict[str, Any] = json.loads(written.splitlines()[-1])
    return found


def page(data: dict[str, Any]) -> str:
    """The table of the page."""
    rows = [
        [
            case,
            f"{one['records']:,}",
            str(one["peak_megabytes"]),
            f"{one['seconds']:,}",
            f"{one['cpu_seconds']:,}",
        ]
        for case, one in data["cases"].items()
    ]
    header = ["object", "records", "peak MB", "seconds", "CPU seconds"]
    return f"{machine_line(data['machine'])}\n\n{table(header, rows)}"


def main() -> None:
    """Measure, print, and with `--keep` write data and page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=CASES, nargs="+")
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    data = {"machine": machine(), "cases": {}}
    if options.only and (FOLDER / f"{_NAME}.json").exists():
        data["cases"] = read_data(_NAME)["cases"]
    with migrated_cluster() as (template, _), tempfile.TemporaryDirectory() as scratch:
        with template.connect() as admin:
            create_test_roles(admin)
        with owner(template) as connection:
            connection.execute(TABLE.encode())
        for number, case in enumerate(options.only or CASES):
            database = template.clone(f"case_{number}")
            data["cases"][case] = measure(database, case, Path(scratch))
            database.drop()
            say(f"{case}: {data['cases'][case]}")
    # As they are listed, whatever was measured last.
    data["cases"] = {case: data["cases"][case] for case in CASES if case in data["cases"]}
    if options.keep:
        write_data(_NAME, data)
        write_part(_NAME, page(data))


if __name__ == "__main__":
    main()
