"""Many files of one dataset uploaded at once to a local stack of their own, until all are loaded.

`python -m tests.benchmarks.files_at_once [--files 10] [--megabytes 20] [--warm]`

With `--warm` as many files of 100 records are loaded before, so that functions have been started.

The same files are loaded one after another by the functions alone: their CPU, divided by the cores,
is the least that it takes, with whatever messages and however many at once.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg

from infra.local.stack import Stack
from infra.local.stack_state import StackState
from tests.benchmarks.company import DEPARTMENTS, JOBS
from tests.benchmarks.hires_file import Hires
from tests.benchmarks.load_file import YEAR, opened, run_waybill
from tests.benchmarks.measure import say, seconds
from tests.benchmarks.server_processes import ProcessesCpu, server_of
from tests.own_stack import own_stack
from waybill_client.client import Waybill

_RECORD_BYTES = 46
_FEW = 100
_PATIENCE_SECONDS = 600.0
# Calls of a step, and how many of them ended as they should.
_RUNS = """
SELECT step, count(*), count(*) FILTER (WHERE outcome = 'ok'), sum(finished_at - started_at)
FROM waybill.job_runs GROUP BY step ORDER BY step
"""


@dataclass(frozen=True)
class _Loads:
    """Files that are uploaded to one stack."""

    stack: Stack
    folder: Path

    def client(self) -> Waybill:
        """One for each thread."""
        token = self.stack.issuer().fresh_token()
        return Waybill(str(self.stack.status().api), token=token)

    def parents(self) -> None:
        """Load what hires refer to."""
        for table, rows in (("departments", DEPARTMENTS), ("jobs", JOBS)):
            file = self.folder / f"{table}.csv"
            file.write_text("".join(f"{n},{table} {n}\n" for n in range(1, rows + 1)))
            self.load(file, table, rows)

    def load(self, file: Path, dataset: str, rows: int) -> None:
        """Upload a file and wait for its waybill.

        Raises:
            RuntimeError: it does not have these rows.
        """
        with self.client() as client:
            job_id = client.upload(dataset, file)
            job = client.wait(job_id, timeout_seconds=_PATIENCE_SECONDS)
        if job["state"] != "COMPLETED" or job["waybill"]["inserted"] != rows:
            raise RuntimeError(str(job))

    def all_at_once(self, files: Sequence[Path], rows: int) -> None:
        """Load all of them, each in a thread of its own."""
        with ThreadPoolExecutor(len(files)) as pool:
            list(pool.map(lambda file: self.load(file, "hired_employees", rows), files))


class _StackCpu:
    """CPU time of a stack from now on, which hardly depends on what else the machine does."""

    def __init__(self, stack: Stack, admin: psycopg.Connection[Any]) -> None:
        emulator = StackState.load(stack._home).emulator
        assert emulator is not None
        self._parts: dict[str, Callable[[], float]] = {
            "database": ProcessesCpu(server_of(admin)).seconds,
            "functions and emulator": ProcessesCpu(psutil.Process(emulator.pid)).seconds,
            # Not of its children: the emulator is one.
            "uploads": time.process_time,
        }
        self._before = {name: used() for name, used in self._parts.items()}

    def line(self) -> str:
        """What was used since, by part."""
        used = {name: seconds() - self._before[name] for name, seconds in self._parts.items()}
        parts = ", ".join(f"{name} {value:.1f}" for name, value in used.items())
        return f"CPU {sum(used.values()):.1f} s: {parts}"


def _small_files(folder: Path, files: Sequence[Path], rows: int) -> list[Path]:
    """As many files of other hires."""
    first = 1 + len(files) * rows
    return [
        Hires(_FEW, first=first + number * _FEW).write(folder / f"few {number}.csv")
        for number in range(len(files))
    ]


def cpu_alone(files: Sequence[Path]) -> tuple[float, float]:
    """CPU seconds of the functions and of the server, for the files one after another."""
    with opened((), None) as bench, bench.copy_of("empty") as database:
        runs = [run_waybill(database, YEAR, str(file)) for file in files]
    return sum(run["cpu"] for run in runs), sum(run["server_cpu"] for run in runs)


def main() -> None:
    """Print the seconds from the first upload to the last waybill, and the calls of each step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10)
    parser.add_argument("--megabytes", type=int, default=20)
    parser.add_argument("--warm", action="store_true")
    arguments = parser.parse_args()
    cores = os.cpu_count() or 1
    rows = arguments.megabytes * 1024**2 // _RECORD_BYTES
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        files = [
            Hires(rows, first=1 + number * rows).write(folder / f"{number}.csv")
            for number in range(arguments.files)
        ]
        with own_stack(folder, say) as stack:
            loads = _Loads(stack, folder)
            loads.parents()
            if arguments.warm:
                loads.all_at_once(_small_files(folder, files, rows), _FEW)
            with psycopg.connect(str(stack.status().database_url)) as admin:
                cpu = _StackCpu(stack, admin)
                took = seconds(lambda: loads.all_at_once(files, rows))
                say(f"{len(files)} files of {arguments.megabytes} MB at once: {took:.1f} s")
                say(f"  {cpu.line()}; of {cores * took:.1f} core seconds")
                for step, calls, ended, spent in admin.execute(_RUNS.encode()):
                    say(f"  {step:8} {calls} calls, {ended} ended well, {spent}")
        client, server = cpu_alone(files)
        say(f"one after another: CPU {client:.1f} s of functions and {server:.1f} s of the server")
        say(f"  so at least {(client + server) / cores:.1f} s on {cores} cores")


if __name__ == "__main__":
    main()
