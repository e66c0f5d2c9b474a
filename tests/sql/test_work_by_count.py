"""The work for many small files, and for many partitions, grows with their number."""

import random
from collections import deque
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from tests.sql.staging import Ledger
from tests.sql.test_merge_growth import seconds_of_cpu

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="the server's CPU time is read from /proc"
)
DOUBLINGS = 8
GROWTH = DOUBLINGS**1.3
THINGS = """
CREATE TABLE things (id integer PRIMARY KEY, parent integer REFERENCES things);
SELECT waybill.register_dataset('things')
"""
READINGS = """
CREATE TABLE readings (id integer, at timestamptz, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
SELECT waybill.register_dataset('readings', natural_key => '{id}', partition_unit => 'month')
"""


def cpu_of(ledger: Ledger, work: Callable[[], object]) -> float:
    pid = ledger.loader.info.backend_pid
    before = seconds_of_cpu(pid)
    work()
    return seconds_of_cpu(pid) - before


def merge_all(ledger: Ledger, jobs: list[UUID]) -> int:
    """Deliver a message for each job, and for those that a merge names; the number of calls."""
    queue, calls = deque(jobs), 0
    while queue:
        result = ledger.merge(queue.popleft())
        calls += 1
        queue += [UUID(job) for job in result["unblocked"]]
        resolving = deque(result["pending"])
        while resolving:
            resolving += ledger.resolve(UUID(resolving.popleft()))["pending"]
            calls += 1
    return calls


def small_files(ledger: Ledger, count: int, order: str) -> int:
    ledger.declare(f"DROP TABLE IF EXISTS things CASCADE; {THINGS}")
    jobs = [ledger.land("things", at) for at in range(count)]
    for number, job in enumerate(jobs):
        parent = number + 1 if order == "children first" and number + 1 < count else None
        ledger.stage(job, "things", [(number, parent)])
    if order == "shuffled":
        random.Random(3).shuffle(jobs)
    elif order == "last first":
        jobs.reverse()
    calls = merge_all(ledger, jobs)
    assert ledger.rows("SELECT count(*) FROM things") == [(count,)]
    assert ledger.rows(
        "SELECT count(*) FROM waybill.ingestion_jobs WHERE state <> 'COMPLETED'"
    ) == [(0,)]
    return calls


@pytest.mark.parametrize("order", ["in order", "shuffled", "last first", "children first"])
def test_many_small_files_of_a_dataset_take_work_for_each(ledger: Ledger, order: str) -> None:
    calls: dict[int, int] = {}
    seconds: dict[int, float] = {}
    for count in (25, 25 * DOUBLINGS):

        def work(count: int = count) -> None:
            calls[count] = small_files(ledger, count, order)

        seconds[count] = cpu_of(ledger, work)
    small, large = sorted(seconds)
    assert calls[large] < GROWTH * calls[small], calls
    assert seconds[large] < GROWTH * seconds[small] + 0.5, seconds


@pytest.mark.parametrize("exist", [False, True])
def test_many_partitions_take_work_for_each(ledger: Ledger, exist: bool) -> None:
    def load(months: int) -> float:
        ledger.declare(f"DROP TABLE IF EXISTS readings CASCADE; {READINGS}")
        rows = [(n, f"{2000 + n // 12}-{n % 12 + 1:02}-01T00:00:00Z") for n in range(months)]
        if exist:
            ledger.load("readings", months, rows)
        job = ledger.land("readings", months + 1)
        ledger.stage(job, "readings", rows)
        return cpu_of(ledger, lambda: ledger.merge(job))

    small, large = load(12), load(12 * DOUBLINGS)
    assert ledger.rows("SELECT count(*) FROM readings") == [(12 * DOUBLINGS,)]
    assert large < GROWTH * small + 0.3, (small, large)
