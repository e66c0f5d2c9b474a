"""One file and one or two loaders: time, CPU and memory from the plan's messages to the last chunk.

`python -m tests.benchmarks.fan_out [--keep]`

Each loader is a process, and takes the next message as it gets free. Files are generated as they
are read; one record in ten of the quoted ones has two line ends and quotes in a field.
"""

import argparse
import json
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.benchmarks.company import migrated_cluster
from tests.benchmarks.kept import machine, machine_line, table, write_data, write_part
from tests.benchmarks.loaders.load_messages import KEY, cloud_with
from tests.benchmarks.measure import say, seconds
from tests.benchmarks.peak_memory import TABLE
from tests.benchmarks.server_processes import ServerCpu
from tests.postgres.databases import Database
from tests.postgres.roles import create_test_roles
from tests.sql.analytics.seed import owner

_NAME = "fan_out"
_CASES = ("50 MB", "50 MB, quoted", "1 GB", "1 GB, quoted")


class _Queue:
    """Messages for whoever is free; the end comes when nobody is at work any more."""

    def __init__(self, messages: list[str]) -> None:
        self._messages: queue.Queue[str | None] = queue.Queue()
        self._left = 0
        self._lock = threading.Lock()
        self.put(messages)

    def put(self, messages: list[str], *, done: int = 0) -> None:
        with self._lock:
            self._left += len(messages) - done
            for message in messages:
                self._messages.put(message)
            if not self._left:
                self._messages.put(None)

    def take(self) -> str | None:
        message = self._messages.get()
        if message is None:
            # For the other loaders.
            self._messages.put(None)
        return message


class _Loader:
    """A process of its own."""

    def __init__(self, database: Database, case: str) -> None:
        program = [sys.executable, "-m", "tests.benchmarks.loaders.load_messages"]
        self._process = subprocess.Popen(
            [*program, str(database.port), database.name, case],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def run(self, messages: _Queue) -> None:
        assert self._process.stdin is not None
        while (message := messages.take()) is not None:
            self._process.stdin.write(f"{message}\n")
            self._process.stdin.flush()
            messages.put(self._answer(), done=1)

    def end(self) -> dict[str, float]:
        assert self._process.stdin is not None
        self._process.stdin.close()
        found: dict[str, float] = self._answer()
        self._process.wait()
        return found


def _planned(database: Database, case: str) -> list[str]:
    cloud = cloud_with(database, case)
    try:
        cloud.emit_event(KEY, 1)
        cloud.deliver("landed", 0)
        return [message.body for message in cloud.queues["chunks"]]
    finally:
        cloud.close()


def measure(database: Database, case: str, loaders: int) -> dict[str, Any]:
    """Stage the file of the case."""
    messages = _planned(database, case)
    processes = [_Loader(database, case) for _ in range(loaders)]
    server, work = ServerCpu(database), _Queue(messages)
    before = server.seconds()

    def run() -> None:
        threads = [threading.Thread(target=each.run, args=(work,)) for each in processes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    taken = seconds(run)
    server_cpu = server.seconds() - before
    ended = [each.end() for each in processes]
    with owner(database) as connection:
        query = "SELECT count(*), sum(read)::bigint, bool_and(done) FROM waybill.chunks"
        chunks, records, is_done = connection.execute(query).fetchone() or (0, 0, False)
    if not is_done:
        raise RuntimeError("The file was not staged.")
    return {
        "case": case,
        "loaders": loaders,
        "chunks": chunks,
        "records": records,
        "seconds": round(taken, 2),
        "cpu": round(sum(each["cpu"] for each in ended), 2),
        "server_cpu": round(server_cpu, 2),
        "megabytes": max(each["megabytes"] for each in ended),
    }


@contextmanager
def _template() -> Iterator[Database]:
    with migrated_cluster() as (database, _):
        with database.connect() as admin:
            create_test_roles(admin)
        with owner(database) as connection:
            connection.execute(TABLE.encode())
        yield database


def page(data: dict[str, Any]) -> str:
    """The table of the page."""
    names = ["case", "loaders", "chunks", "records", "seconds", "cpu", "server_cpu", "megabytes"]
    header = ["file", *names[1:5], "CPU s, loaders", "CPU s, server", "MB of the larger"]
    rows = [[f"{run[name]:,}" if name == "records" else str(run[name]) for name in names]
            for run in data["runs"]]  # fmt: skip
    return f"{machine_line(data['machine'])}\n\n{table(header, rows)}"


def main() -> None:
    """Measure, print, and with `--keep` write data and page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=_CASES, nargs="+", default=_CASES)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    data: dict[str, Any] = {"machine": machine(), "runs": []}
    with _template() as template:
        for case in options.only:
            for loaders in (1, 2):
                database = template.clone("fan_out")
                data["runs"].append(measure(database, case, loaders))
                database.drop()
                say(str(data["runs"][-1]))
    if options.keep:
        write_data(_NAME, data)
        write_part(_NAME, page(data))


if __name__ == "__main__":
    main()
