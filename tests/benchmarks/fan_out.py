"""One file and one or two loaders: time, CPU and memory from the plan's messages to the last chunk.

`python -m tests.benchmarks.fan_out [--keep]`

Each loader is a process, and takes the next message as it gets free. Files are generated as they
are read; one record in ten of the quoted ones has two line ends and quotes in a field.
"""

import argparse
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from tests.benchmarks.company import migrated_cluster
from tests.benchmarks.kept import machine, machine_line, table, write_data, write_part
from tests.benchmarks.load_contenders import CHUNK_BYTES
from tests.benchmarks.loaders.stage_object import GENERATED, GeneratedS3
from tests.benchmarks.measure import say, seconds
from tests.benchmarks.peak_memory import TABLE
from tests.benchmarks.server_processes import ServerCpu
from tests.benchmarks.warm_loaders import QUEUE, WarmLoaders
from tests.postgres.databases import Database
from tests.postgres.roles import create_test_roles
from tests.sql.analytics.seed import owner
from tests.stateful.fake_aws import Message
from tests.stateful.fake_cloud import LANDING, FakeCloud

_NAME = "fan_out"
_KEY = "landing/simple_hires/1.csv"
_CASES = ("50 MB", "50 MB, quoted", "1 GB", "1 GB, quoted")


def _planned(database: Database, case: str) -> list[Message]:
    s3 = GeneratedS3()
    cloud = FakeCloud(database, pytest.MonkeyPatch(), s3)
    cloud.open(chunk_bytes=CHUNK_BYTES)
    try:
        s3.put_object(Bucket=LANDING, Key=_KEY, Body=b"")
        s3.generated[_KEY] = GENERATED[case]()
        cloud.emit_event(_KEY, 1)
        cloud.deliver("landed", 0)
        return cloud.queues[QUEUE]
    finally:
        cloud.close()


def measure(database: Database, case: str, count: int) -> dict[str, Any]:
    """Stage the file of the case."""
    messages = _planned(database, case)
    server = ServerCpu(database)
    # Nothing is merged: the request for it goes nowhere.
    loaders = WarmLoaders(database, count, {_KEY: case}, lambda _queue, _message: None)
    with closing(loaders):
        before = server.seconds()

        def run() -> None:
            for message in messages:
                loaders.take(message)
            loaders.wait()

        taken = seconds(run)
        server_cpu = server.seconds() - before
    with owner(database) as connection:
        query = "SELECT count(*), sum(read)::bigint, bool_and(done) FROM waybill.chunks"
        chunks, records, is_done = connection.execute(query).fetchone() or (0, 0, False)
    if not is_done:
        raise RuntimeError("The file was not staged.")
    return {
        "case": case,
        "loaders": count,
        "chunks": chunks,
        "records": records,
        "seconds": round(taken, 2),
        "cpu": round(loaders.cpu, 2),
        "server_cpu": round(server_cpu, 2),
        "megabytes": loaders.megabytes,
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
