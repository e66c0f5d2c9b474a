"""Where the time of a batch goes, warm: each step alone, then the handler, without API Gateway.

`python -m tests.benchmarks.batch_latency [--rows 1000 1] [--rounds 10] [--base 200000]
[--first] [--keep]`

PostgreSQL is real, with fsync; S3, SQS and EventBridge are those of the local stack, over HTTP.
The steps take turns, ten runs each. CPU is that of this process (the function), of its database
processes, and of the emulator: it depends less than the time on what else the machine does. With
`--first`, which needs root, all of them run before everything else (SCHED_FIFO).
"""

import argparse
import logging
import os
import statistics
import time
from collections import defaultdict
from contextlib import suppress
from typing import Any

import psutil

from tests.benchmarks.batch_function import Cloud, batch_event, batch_function, hires, send_batch
from tests.benchmarks.batch_steps import steps
from tests.benchmarks.company import company
from tests.benchmarks.kept import machine, machine_line, table, write_data, write_part
from tests.benchmarks.measure import percentile, say, seconds
from tests.postgres.databases import Database
from tests.sql.analytics.seed import owner

_NAME = "batch_latency"
_RUNS = 10
_REST = 0.15
_NUMBERS = ("p50", "p95", "function", "database", "emulator")


class _Cpu:
    """CPU milliseconds so far of the function, the database and the emulator."""

    def __init__(self, database: Database, cloud: Cloud) -> None:
        with owner(database) as connection:
            found = connection.execute(
                "SELECT pid FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            ).fetchall()
        self._processes = [[os.getpid()], [pid for (pid,) in found], [cloud.process]]

    def run_first(self) -> None:
        """Run their threads before those of all other processes, and the server's others too."""
        (own,), backends, (emulator,) = self._processes
        server = psutil.Process(backends[0]).parent()
        assert server is not None
        for process in (own, emulator, server.pid, *(each.pid for each in server.children())):
            # One of the server's may have ended.
            with suppress(psutil.NoSuchProcess, ProcessLookupError):
                for thread in psutil.Process(process).threads():
                    os.sched_setscheduler(thread.id, os.SCHED_FIFO, os.sched_param(1))

    def now(self) -> list[float]:
        return [sum(map(_milliseconds, processes)) for processes in self._processes]


def _milliseconds(pid: int) -> float:
    """Of a process, by the clock of its CPU time, which Linux numbers after it."""
    return time.clock_gettime(~pid << 3 | 2) * 1000


def measure(
    database: Database, cloud: Cloud, rows: int, rounds: int, *, first: bool
) -> dict[str, Any]:
    """Milliseconds of each step: of the time p50 and p95, of the CPU the median of each process."""
    times, cpu = defaultdict(list), defaultdict(list)
    with steps(database, cloud, rows) as prepared:
        used = _Cpu(database, cloud)
        if first:
            used.run_first()
        # The first round is to warm up.
        for turn in range(rounds + 1):
            for name, prepare in prepared.items():
                began = time.monotonic()
                for _ in range(_RUNS):
                    step, before = prepare(), used.now()
                    taken = seconds(step) * 1000
                    if turn:
                        times[name].append(taken)
                        cpu[name].append([b - a for a, b in zip(before, used.now(), strict=True)])
                # Linux stops who runs first and has used 95 % of a second for the rest of it.
                time.sleep((time.monotonic() - began) * _REST)
    return {
        name: [
            *(round(percentile(times[name], share), 1) for share in (0.5, 0.95)),
            *(round(statistics.median(part), 1) for part in zip(*cpu[name], strict=True)),
        ]
        for name in prepared
    }


def page(data: dict[str, Any]) -> str:
    """The tables of the page."""
    parts = [f"{machine_line(data['machine'])}\n"]
    for rows, found in data["steps"].items():
        lines = [[name, *map(str, numbers)] for name, numbers in found.items()]
        title = "1 row" if rows == "1" else f"{int(rows):,} rows"
        parts.append(f"\n{table([title, 'p50 ms', 'p95 ms', *_cpu_titles()], lines)}")
    return "".join(parts)


def _cpu_titles() -> list[str]:
    return [f"CPU ms, {who}" for who in _NUMBERS[2:]]


def main() -> None:
    """Measure, print, and with `--keep` write data and page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1000, 1])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--base", type=int, default=200_000)
    parser.add_argument("--first", action="store_true")
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    logging.getLogger("waybill").setLevel(logging.ERROR)
    data: dict[str, Any] = {"machine": machine(), "base": options.base, "steps": {}}
    with company(options.base) as database, batch_function(database) as cloud:
        send_batch(batch_event(hires(999_999_999, 1)))
        cloud.calls.clear()
        for rows in options.rows:
            data["steps"][str(rows)] = measure(
                database, cloud, rows, options.rounds, first=options.first
            )
            say(page({**data, "steps": {str(rows): data["steps"][str(rows)]}}))
    if options.keep:
        write_data(_NAME, data)
        write_part(_NAME, page(data))


if __name__ == "__main__":
    main()
