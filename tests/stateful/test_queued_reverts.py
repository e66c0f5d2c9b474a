"""Reverts by the queue are done once, whatever is killed, delivered twice or lost on the way."""

import io
import os
import random
import zipfile
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from tests.postgres.databases import Connection
from tests.stateful.api_client import ApiClient
from tests.stateful.fake_cloud import FakeCloud
from tests.stateful.faults import Fault

_ACCEPTED, _REVERTED, _REFUSED = 202, 200, 409


@pytest.fixture
def api(fake_cloud: FakeCloud) -> Iterator[ApiClient]:
    client = ApiClient(fake_cloud, connect(fake_cloud))
    yield client
    client.admin.close()
    client.close()


def connect(cloud: FakeCloud) -> Connection:
    admin = cloud.database.connect()
    admin.execute("SET ROLE waybill_owner")
    return admin


def rows(api: ApiClient) -> list[tuple[Any, ...]]:
    return api.admin.execute("SELECT id, job FROM jobs ORDER BY id").fetchall()


def job_of(api: ApiClient, name: str) -> tuple[str, str]:
    """(id, state shown) of the job of a file."""
    found = api.admin.execute(
        "SELECT d.job_id::text, d.state FROM waybill.job_documents AS d"
        " JOIN waybill.ingestion_jobs AS j USING (job_id) WHERE j.object_key = %s",
        (f"landing/jobs/{name}",),
    ).fetchone()
    assert found is not None
    return found[0], found[1]


def load(api: ApiClient, turn: int) -> str:
    """Two files; the second changes a row of the first. The job of the second."""
    first = 10 * turn
    api.cloud.land("jobs", f"{turn}-a.csv", f"id,job\n{first},a\n{first + 1},b\n".encode(), turn)
    api.cloud.settle()
    name = f"{turn}-b.csv"
    api.cloud.land("jobs", name, f"id,job\n{first + 1},B\n{first + 2},c\n".encode(), turn)
    api.cloud.settle()
    return job_of(api, name)[0]


def check_reverted(api: ApiClient, turn: int) -> None:
    first = 10 * turn
    assert job_of(api, f"{turn}-b.csv")[1] == "REVERTED"
    assert [row for row in rows(api) if row[0] >= first] == [(first, "a"), (first + 1, "b")]
    reverts = api.admin.execute("SELECT count(*) FROM waybill.reverts").fetchone()
    assert reverts == (turn,)


@pytest.mark.parametrize("unseen", [False, True])
def test_a_revert_killed_at_any_call_is_done_once(api: ApiClient, *, unseen: bool) -> None:
    for turn in count(1):
        job = load(api, turn)
        response = api.revert(job)
        assert response is not None
        assert response.status == _ACCEPTED
        killed = api.cloud.deliver("merges", 0, Fault(turn - 1, unseen)).dead
        api.cloud.settle()
        check_reverted(api, turn)
        if not killed:
            break
    assert turn > 5


@pytest.mark.parametrize("unseen", [False, True])
def test_a_request_killed_at_any_call_is_whole_or_was_not_made(
    api: ApiClient, *, unseen: bool
) -> None:
    done = 0
    for turn in count(1):
        job = load(api, turn)
        response = api.revert(job, Fault(turn - 1, unseen))
        api.cloud.settle()
        if job_of(api, f"{turn}-b.csv")[1] != "REVERTED":
            assert response is None
            assert api.revert(job) is not None
            api.cloud.settle()
        else:
            done += 1
        check_reverted(api, turn)
        if response is not None:
            break
    # Some were killed after the commit, and their messages sent by the reaper.
    assert done > 1


def test_a_revert_delivered_twice_at_once_is_done_once(api: ApiClient) -> None:
    chance = random.Random(int(os.environ.get("WAYBILL_SEED", "50")))
    for turn in range(1, 13):
        job = load(api, turn)
        for _ in range(2):
            assert api.revert(job) is not None
        fault = Fault(chance.randrange(14), unseen=chance.random() < 0.5, suspends=True)
        api.cloud.deliver("merges", 0, fault)
        api.cloud.deliver("merges", 0)
        if chance.random() < 0.3:
            api.cloud.crash()
            api.admin.close()
            api.admin = connect(api.cloud)
        api.cloud.settle()
        check_reverted(api, turn)


def test_a_later_file_of_the_same_bytes_is_loaded_after_the_revert(api: ApiClient) -> None:
    job = load(api, 1)
    body = b"id,job\n11,B\n12,c\n"
    assert api.revert(job) is not None
    # After the request, which was made now; the histories are of another time.
    api.admin.execute("UPDATE waybill.revert_requests SET requested_at = '2026-03-01T10:00:30Z'")
    api.cloud.land("jobs", "again.csv", body, 60)
    api.cloud.deliver("landed", 0)
    api.cloud.settle()
    assert job_of(api, "1-b.csv")[1] == "REVERTED"
    assert job_of(api, "again.csv")[1] == "COMPLETED"
    assert rows(api) == [(10, "a"), (11, "B"), (12, "c")]


def archive(turn: int) -> bytes:
    """Three members that change each other's rows; one is no file of the dataset."""
    first = 10 * turn
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as members:
        members.writestr("a.csv", f"id,job\n{first},a\n{first + 1},b\nx,y\n")
        members.writestr("b.csv", "what,ever\n1,2\n")
        members.writestr("c.csv", f"id,job\n{first + 1},B\n{first + 2},c\n")
        members.writestr("d.csv", f"id,job\n{first + 2},C\n")
    return target.getvalue()


def load_archive(api: ApiClient, turn: int) -> str:
    name = f"{turn}.zip"
    api.cloud.land("jobs", name, archive(turn), turn)
    api.cloud.settle()
    return job_of(api, name)[0]


@pytest.mark.parametrize("unseen", [False, True])
def test_an_archive_is_reverted_whole_by_attempts_killed_anywhere(
    api: ApiClient, *, unseen: bool
) -> None:
    chance = random.Random(f"{os.environ.get('WAYBILL_SEED', '50')} {unseen}")
    for turn in range(1, 9):
        job = load_archive(api, turn)
        assert len(rows(api)) == 3
        assert api.revert(job) is not None
        for _ in range(3):
            # Delivered again each time.
            if api.cloud.queues["merges"]:
                api.cloud.deliver("merges", 0, Fault(chance.randrange(24), unseen))
        api.cloud.settle()
        assert job_of(api, f"{turn}.zip")[1] == "REVERTED"
        assert rows(api) == []
        states = api.admin.execute(
            "SELECT state FROM waybill.ingestion_jobs WHERE archive_job_id = %s"
            " ORDER BY object_key",
            (job,),
        ).fetchall()
        assert states == [("REVERTED",), ("FAILED",), ("REVERTED",), ("REVERTED",)]
        response = api.revert(job)
        assert response is not None
        assert response.status == _REVERTED
        assert response.json()["revert"]["removed"] == 3
        assert response.json()["revert"]["restored"] == 2


def test_a_member_that_is_refused_keeps_the_archive(api: ApiClient) -> None:
    job = load_archive(api, 1)
    api.admin.execute("UPDATE jobs SET job = 'hand' WHERE id = 10")
    loaded = rows(api)
    assert api.revert(job) is not None
    api.cloud.settle()
    assert job_of(api, "1.zip")[1] == "FAILED"
    ((refusal,),) = api.admin.execute(
        "SELECT document -> 'revert_error' FROM waybill.job_documents WHERE job_id = %s", (job,)
    ).fetchall()
    assert "('a.csv') were touched since: The row (id = 10)" in refusal["detail"]
    assert rows(api) == loaded == [(10, "hand"), (11, "B"), (12, "C")]
    api.admin.execute("UPDATE jobs SET job = 'a' WHERE id = 10")
    api.admin.execute("DELETE FROM waybill.row_images WHERE job_id IS NULL")
    assert api.revert(job) is not None
    api.cloud.settle()
    assert job_of(api, "1.zip")[1] == "REVERTED"
    assert rows(api) == []
