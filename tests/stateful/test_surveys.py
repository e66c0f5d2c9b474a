"""Ranges of a file are surveyed in any order, by loaders that die: the result is the file's."""

import json
import random
from itertools import count
from typing import Any

import pytest
from psycopg import errors

from tests.stateful.fake_cloud import QUEUES, FakeCloud
from tests.stateful.faults import Fault
from waybill.records import survey

_RECORDS = 24


def _file(number: int) -> bytes:
    """Jobs whose ids begin with the number of three digits.

    Fields have line ends, records and quotes; some records are bad.
    """
    first = 1000 * number
    numbers = range(first, first + _RECORDS)
    quoted = '{0},"job\n""{0}""\r\n{0},x\n"\r\n'
    records = [(quoted if n % 1000 % 3 else "{0},job {0}\n").format(n) for n in numbers]
    lines = ["\ufeffid,job\n", *records]
    lines[7], lines[12] = "x,bad\n\n", f"{first + 11}\n"
    lines[15], lines[18] = f'{first + 14},st"ray\n', f'{first + 17},"open\n'
    lines.append(f'{first},"again"')
    return "".join(lines).encode()


def _query(cloud: FakeCloud, query: str, *parameters: object) -> list[Any]:
    with cloud.database.connect() as admin:
        admin.execute("SET ROLE waybill_owner")
        return admin.execute(query.encode(), parameters).fetchall()


def _result(cloud: FakeCloud, number: int) -> tuple[Any, ...]:
    """State, counts, rejects and rows of a file, without its number."""
    query = "SELECT to_jsonb(j) FROM waybill.ingestion_jobs AS j WHERE object_key = %s"
    ((job,),) = _query(cloud, query, f"landing/jobs/{number}.csv")
    rejects = _query(
        cloud,
        "SELECT line, replace(raw::text, encode(%s, 'hex'), ''), errors::text"
        " FROM waybill.validation_errors WHERE job_id = %s ORDER BY line",
        str(number).encode(),
        job["job_id"],
    )
    rows = _query(
        cloud,
        "SELECT id %% 1000, replace(job, %s, '') FROM jobs WHERE id / 1000 = %s ORDER BY id",
        str(number),
        number,
    )
    counts = [job[name] for name in ("state", "read", "inserted", "superseded", "rejected")]
    return (*counts, rejects, rows)


def _load(cloud: FakeCloud, number: int, chunk_bytes: int) -> None:
    """Land a file of this number, and plan it."""
    cloud.patch.setenv("CHUNK_BYTES", str(chunk_bytes))
    cloud.land("jobs", f"{number}.csv", _file(number), number % 60)
    cloud.deliver("landed", 0)


@pytest.fixture
def whole(fake_cloud: FakeCloud) -> tuple[Any, ...]:
    """The result of the file as one chunk."""
    _load(fake_cloud, 100, 1 << 20)
    assert len(fake_cloud.queues["chunks"]) == 1
    fake_cloud.settle()
    result = _result(fake_cloud, 100)
    assert result[:5] == ("COMPLETED_WITH_REJECTS", 25, 20, 1, 4)
    return result


@pytest.mark.parametrize("chunk_bytes", [5, 9, 16, 23, 37, 60, 100, 150, 250])
def test_ranges_of_any_size_in_any_order(
    fake_cloud: FakeCloud, whole: tuple[Any, ...], chunk_bytes: int
) -> None:
    chance = random.Random(chunk_bytes)
    fake_cloud.patch.setenv("CHUNKS_AT_ONCE", str(chance.choice((1, 2, 3, 1000))))
    _load(fake_cloud, 101, chunk_bytes)
    while messages := fake_cloud.queues["chunks"]:
        fake_cloud.deliver("chunks", chance.randrange(len(messages)))
    # Nothing was left to the reaper.
    while fake_cloud.queues["merges"]:
        fake_cloud.deliver("merges", 0)
    assert _result(fake_cloud, 101) == whole
    ((chunks,),) = _query(
        fake_cloud,
        "SELECT count(*) FROM waybill.chunks JOIN waybill.ingestion_jobs USING (job_id)"
        " WHERE object_key = %s",
        "landing/jobs/101.csv",
    )
    assert chunks > 1


@pytest.mark.parametrize("unseen", [False, True])
@pytest.mark.parametrize("queue", ["landed", "chunks"])
def test_an_attempt_killed_at_any_call_leaves_nothing_twice_and_nothing_out(
    fake_cloud: FakeCloud, whole: tuple[Any, ...], queue: str, *, unseen: bool
) -> None:
    fake_cloud.patch.setenv("CHUNK_BYTES", "100")
    for call in count():
        number = 101 + call
        fake_cloud.land("jobs", f"{number}.csv", _file(number), call % 60)
        if queue == "chunks":
            fake_cloud.deliver("landed", 0)
            # They wait for the survey of the first one.
            fake_cloud.deliver("chunks", 2)
            fake_cloud.deliver("chunks", 1)
        died = fake_cloud.deliver(queue, 0, Fault(call, unseen)).dead
        while waiting := [each for each in QUEUES if fake_cloud.queues[each]]:
            fake_cloud.deliver(waiting[0], 0)
        # Nothing was left to the reaper.
        assert _result(fake_cloud, number) == whole, call
        if not died:
            break
    assert call > 10


def test_a_chunk_surveyed_last_sends_those_that_wait_for_it(
    fake_cloud: FakeCloud, whole: tuple[Any, ...]
) -> None:
    _load(fake_cloud, 101, 150)
    assert [json.loads(one.body)["chunk"] for one in fake_cloud.queues["chunks"]] == [0, 1, 2]
    fake_cloud.deliver("chunks", 2)
    fake_cloud.deliver("chunks", 1)
    assert _query(fake_cloud, "SELECT chunk FROM waybill.chunks WHERE first_line IS NULL") == [
        (chunk,)
        for (chunk,) in _query(fake_cloud, "SELECT chunk FROM waybill.chunks WHERE NOT done")
    ]
    fake_cloud.deliver("chunks", 0)
    sent = [json.loads(one.body)["chunk"] for one in fake_cloud.queues["chunks"]]
    assert sorted(sent)[:3] == [1, 2, 3]
    fake_cloud.settle()
    assert _result(fake_cloud, 101) == whole


def test_ranges_whose_surveys_were_given_up(
    fake_cloud: FakeCloud, whole: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(survey, "_PATIENCE_BYTES", 0)
    fake_cloud.patch.setenv("BLOCK_BYTES", "3")
    fake_cloud.patch.setenv("CHUNKS_AT_ONCE", "1000")
    _load(fake_cloud, 101, 40)
    # From the last to the first one, so that each survey is a guess.
    while messages := fake_cloud.queues["chunks"]:
        fake_cloud.deliver("chunks", len(messages) - 1)
    while fake_cloud.queues["merges"]:
        fake_cloud.deliver("merges", 0)
    assert _result(fake_cloud, 101) == whole


def test_a_plan_may_be_resumed_after_its_last_chunk(fake_cloud: FakeCloud) -> None:
    # The last record begins before the last range.
    body = b'id,job\n1,a\n2,b\n3,"' + b"x\n" * 60 + b'"'
    fake_cloud.patch.setenv("CHUNK_BYTES", "40")
    fake_cloud.land("jobs", "a.csv", body, 1)
    event = fake_cloud.queues["landed"][0]
    fake_cloud.deliver("landed", 0)
    _query(fake_cloud, "UPDATE waybill.ingestion_jobs SET chunks_total = NULL RETURNING 1")
    while fake_cloud.queues["chunks"]:
        fake_cloud.deliver("chunks", 0)
    query = "SELECT byte_from, byte_to FROM waybill.chunks ORDER BY chunk DESC LIMIT 1"
    assert _query(fake_cloud, query) == [(len(body), len(body))]
    fake_cloud.queues["landed"].append(event)
    fake_cloud.settle()
    query = "SELECT state, read, inserted FROM waybill.ingestion_jobs"
    assert _query(fake_cloud, query) == [("COMPLETED", 3, 3)]


def test_a_range_settled_while_it_is_surveyed_is_staged(fake_cloud: FakeCloud) -> None:
    # The second record leaves nothing of several ranges, which so need no survey.
    body = b'id,job\n1,a\n2,"' + b"x" * 150 + b'"\n3,b\n'
    fake_cloud.patch.setenv("CHUNK_BYTES", "40")
    fake_cloud.patch.setenv("CHUNKS_AT_ONCE", "1000")
    for call in count():
        fake_cloud.land("jobs", f"{call}.csv", body, call % 60)
        fake_cloud.deliver("landed", 0)
        fake_cloud.deliver("chunks", 1, Fault(call, unseen=True, suspends=True))
        was_suspended = bool(fake_cloud.suspended)
        if was_suspended:
            # The message that is visible again is not needed.
            fake_cloud.queues["chunks"].pop()
        fake_cloud.deliver("chunks", 0)
        for suspended in list(fake_cloud.suspended):
            fake_cloud.resume(suspended, killed=False)
        while fake_cloud.queues["chunks"]:
            fake_cloud.deliver("chunks", 0)
        # Nothing is left to the reaper.
        assert _query(fake_cloud, "SELECT chunk FROM waybill.chunks WHERE NOT done") == [], call
        if not was_suspended:
            break
    assert call > 5


def test_a_loader_of_an_earlier_release_leaves_a_range_alone(fake_cloud: FakeCloud) -> None:
    _load(fake_cloud, 101, 150)
    ((job,),) = _query(fake_cloud, "SELECT job_id FROM waybill.ingestion_jobs")
    with fake_cloud.database.connect("pipeline") as loader, pytest.raises(errors.LockNotAvailable):
        loader.execute("SELECT waybill.claim_chunk(%s, 0, true)", (job,))


def test_a_plan_of_an_earlier_release_leaves_ranges_alone(fake_cloud: FakeCloud) -> None:
    _load(fake_cloud, 101, 150)
    ((job, attempt),) = _query(
        fake_cloud, "SELECT job_id, plan_attempt FROM waybill.ingestion_jobs"
    )
    with fake_cloud.database.connect("pipeline") as plan:
        with pytest.raises(errors.LockNotAvailable):
            plan.execute("SELECT waybill.claim_plan(%s)", (job,))
        fake_cloud.settle()
        # What is settled it can read.
        (state,) = plan.execute("SELECT state FROM waybill.claim_plan(%s)", (job,)).fetchone() or ()
    assert state == "COMPLETED_WITH_REJECTS"
    attempts = _query(fake_cloud, "SELECT plan_attempt FROM waybill.ingestion_jobs")
    assert attempts == [(attempt,)]


def test_a_cancelled_job_is_not_surveyed(fake_cloud: FakeCloud) -> None:
    _load(fake_cloud, 101, 150)
    _query(
        fake_cloud,
        "UPDATE waybill.ingestion_jobs SET state = 'CANCELLED', finished_at = now() RETURNING 1",
    )
    fake_cloud.settle()
    assert _query(fake_cloud, "SELECT count(*) FROM waybill.chunks WHERE done") == [(0,)]
    assert _query(fake_cloud, "SELECT count(*) FROM waybill.chunks WHERE surveys <> '[]'") == [(0,)]
