"""A compressed object that outlasts one run of its loader is staged in slices."""

import gzip
import json
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from psycopg import errors

from functions.pipeline.load import slice_timer
from tests.stateful.fake_cloud import FakeCloud
from tests.stateful.faults import Fault
from waybill.records import reading

_RECORDS = 40
# Blocks have some records; a slice ends after two blocks, as seen by the clock.
_BLOCK_BYTES, _TICK = 200, 20


@pytest.fixture
def set_tick(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Set the seconds between two readings of the clock; a run has 45."""

    def set_to(seconds: int) -> None:
        times = count(0, seconds)
        monkeypatch.setattr(slice_timer, "now", lambda: float(next(times)))

    monkeypatch.setattr(reading, "BLOCK_BYTES", _BLOCK_BYTES)
    set_to(_TICK)
    return set_to


def _file(first: int) -> bytes:
    """Jobs with ids from `first`, some with line ends and quotes; two are bad."""
    numbers = range(first, first + _RECORDS)
    quoted = '{0},"job\n""{0}"""\n'
    records = [(quoted if n % 3 else "{0},job {0}\n").format(n) for n in numbers]
    lines = ["id,job\n", *records]
    lines[7], lines[30] = "x,bad\n", f"{first + 29}\n"
    lines.append(f"{first},again\n")
    return "".join(lines).encode()


def _jobs(cloud: FakeCloud, query: str, *parameters: object) -> list[Any]:
    with cloud.database.connect() as admin:
        admin.execute("SET ROLE waybill_owner")
        return admin.execute(query.encode(), parameters).fetchall()


def _check(cloud: FakeCloud, name: str, first: int) -> int:
    """Compare rows, rejects and waybill with those of the file; the number of slices."""
    query = "SELECT to_jsonb(j) FROM waybill.ingestion_jobs AS j WHERE object_key = %s"
    ((job,),) = _jobs(cloud, query, f"landing/jobs/{name}")
    assert job["state"] == "COMPLETED_WITH_REJECTS"
    assert (job["read"], job["inserted"]) == (_RECORDS + 1, _RECORDS - 2)
    assert (job["superseded"], job["rejected"]) == (1, 2)
    rows = dict(
        _jobs(cloud, "SELECT id, job FROM jobs WHERE id BETWEEN %s AND %s", first, first + 999)
    )
    bad = {first + 6, first + 29}
    expected = {
        number: f'job\n"{number}"' if number % 3 else f"job {number}"
        for number in range(first, first + _RECORDS)
        if number not in bad
    }
    assert rows == {**expected, first: "again"}
    text = _file(first).decode()
    lines = [text[: text.index(part)].count("\n") + 1 for part in ("x,bad", f"\n{first + 29}\n")]
    lines[1] += 1
    errors = "SELECT line, raw FROM waybill.validation_errors WHERE job_id = %s ORDER BY line"
    assert [line for line, _ in _jobs(cloud, errors, job["job_id"])] == lines
    (slices,) = _jobs(
        cloud, "SELECT count(*) FROM waybill.chunks WHERE job_id = %s", job["job_id"]
    )[0]
    return int(slices)


def test_the_result_is_that_of_the_whole_file(
    fake_cloud: FakeCloud, set_tick: Callable[[int], None]
) -> None:
    fake_cloud.land("jobs", "sliced.csv.gz", gzip.compress(_file(1000)), 1)
    fake_cloud.settle()
    assert _check(fake_cloud, "sliced.csv.gz", 1000) > 2
    set_tick(0)
    fake_cloud.land("jobs", "whole.csv.gz", gzip.compress(_file(2000)), 2)
    fake_cloud.settle()
    assert _check(fake_cloud, "whole.csv.gz", 2000) == 1


@pytest.mark.usefixtures("set_tick")
@pytest.mark.parametrize("unseen", [False, True])
def test_a_loader_killed_at_any_call_leaves_nothing_twice_and_nothing_out(
    fake_cloud: FakeCloud, *, unseen: bool
) -> None:
    for call in count():
        first, name = 1000 * (call + 1), f"{call}.csv.gz"
        fake_cloud.land("jobs", name, gzip.compress(_file(first)), call)
        fake_cloud.deliver("landed", 0)
        # Of the second slice, which has a beginning and an end.
        fake_cloud.deliver("chunks", 0)
        killed = fake_cloud.deliver("chunks", 0, Fault(call, unseen)).dead
        fake_cloud.settle()
        assert _check(fake_cloud, name, first) > 2
        if not killed:
            break
    assert call > 10


@pytest.mark.usefixtures("set_tick")
def test_slices_follow_each_other_without_the_reaper(fake_cloud: FakeCloud) -> None:
    fake_cloud.land("jobs", "a.csv.gz", gzip.compress(_file(1000)), 1)
    fake_cloud.deliver("landed", 0)
    while fake_cloud.queues["chunks"]:
        # As if each were killed after its commit, and delivered once more.
        message = fake_cloud.queues["chunks"][0]
        fake_cloud.deliver("chunks", 0)
        following = fake_cloud.queues["chunks"][:]
        fake_cloud.queues["chunks"][:] = [message]
        fake_cloud.deliver("chunks", 0)
        assert [one.body for one in fake_cloud.queues["chunks"]] == [one.body for one in following]
    while fake_cloud.queues["merges"]:
        fake_cloud.deliver("merges", 0)
    assert _check(fake_cloud, "a.csv.gz", 1000) > 2


@pytest.mark.usefixtures("set_tick")
def test_the_plan_may_finish_after_slices_were_added(fake_cloud: FakeCloud) -> None:
    for call in count():
        first, name = 1000 * (call + 1), f"{call}.csv.gz"
        fake_cloud.land("jobs", name, gzip.compress(_file(first)), call)
        process = fake_cloud.deliver("landed", 0, Fault(call, unseen=True, suspends=True))
        while fake_cloud.queues["chunks"]:
            fake_cloud.deliver("chunks", 0)
        fake_cloud.settle()
        assert _check(fake_cloud, name, first) > 2
        if process.fault is not None:
            break
    assert call > 5


@pytest.mark.usefixtures("set_tick")
def test_slices_that_a_crash_emptied_are_staged_again(fake_cloud: FakeCloud) -> None:
    fake_cloud.land("jobs", "crash.csv.gz", gzip.compress(_file(1000)), 1)
    fake_cloud.deliver("landed", 0)
    fake_cloud.deliver("chunks", 0)
    fake_cloud.deliver("chunks", 0)
    fake_cloud.crash()
    fake_cloud.settle()
    assert _check(fake_cloud, "crash.csv.gz", 1000) > 2


@pytest.mark.usefixtures("set_tick")
def test_a_loader_of_an_earlier_release_leaves_a_slice_alone(fake_cloud: FakeCloud) -> None:
    fake_cloud.land("jobs", "a.csv.gz", gzip.compress(_file(1000)), 1)
    fake_cloud.deliver("landed", 0)
    fake_cloud.deliver("chunks", 0)
    ((job,),) = _jobs(fake_cloud, "SELECT job_id FROM waybill.ingestion_jobs")
    with pytest.raises(errors.LockNotAvailable):
        _jobs(fake_cloud, "SELECT waybill.claim_chunk(%s, 1)", job)
    fake_cloud.settle()
    assert _check(fake_cloud, "a.csv.gz", 1000) > 2


@pytest.mark.usefixtures("set_tick")
def test_an_array_in_utf16_has_every_element_once(fake_cloud: FakeCloud) -> None:
    # Of several lengths: a slice would end with the array.
    for turn, records in enumerate(range(25, 33)):
        rows = [(number, f"job [{number}], {turn} \n") for number in range(1, records + 1)]
        text = json.dumps([{"id": number, "job": job} for number, job in rows])
        fake_cloud.land("jobs", f"{turn}.json", text.encode("utf-16"), turn)
        fake_cloud.settle()
        assert _jobs(fake_cloud, "SELECT id, job FROM jobs ORDER BY id") == rows
    counts = "SELECT state, read, chunks_total > 2 FROM waybill.ingestion_jobs ORDER BY read"
    found = _jobs(fake_cloud, counts)
    assert found == [("COMPLETED", records, True) for records in range(25, 33)]


def test_a_file_whose_beginning_takes_a_whole_run_fails(
    fake_cloud: FakeCloud, set_tick: Callable[[int], None]
) -> None:
    set_tick(30)
    fake_cloud.land("jobs", "slow.csv.gz", gzip.compress(_file(1000)), 1)
    fake_cloud.settle()
    ((state, error),) = _jobs(fake_cloud, "SELECT state, error FROM waybill.ingestion_jobs")
    assert (state, error["type"].rpartition("/")[2]) == ("FAILED", "decompression-limit")
    assert _jobs(fake_cloud, "SELECT count(*) FROM jobs") == [(0,)]


def test_a_beginning_that_was_slow_to_read_once_is_read_again(
    fake_cloud: FakeCloud, set_tick: Callable[[int], None]
) -> None:
    fake_cloud.land("jobs", "slow.csv.gz", gzip.compress(_file(1000)), 1)
    fake_cloud.deliver("landed", 0)
    fake_cloud.deliver("chunks", 0)
    set_tick(30)
    # The second slice, whose beginning takes the whole run.
    fake_cloud.deliver("chunks", 0)
    set_tick(_TICK)
    fake_cloud.settle()
    assert _check(fake_cloud, "slow.csv.gz", 1000) > 2
    outcomes = (
        "SELECT count(*) FROM waybill.job_runs WHERE error ->> 'type' = 'decompression-limit'"
    )
    assert _jobs(fake_cloud, outcomes) == [(1,)]
