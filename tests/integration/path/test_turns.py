"""Files of a dataset that merge in their order: the end of one gives the next its turn."""

import json
from typing import Any
from uuid import UUID

import pytest

from functions.pipeline.merge import take_turns
from tests.cloud.fixtures import Cloud
from tests.cloud.lambda_events import Context
from tests.integration.path.steps import FUNCTIONS, land
from tests.postgres.databases import Connection, Database
from waybill import consumer
from waybill.database.merges import MergeResult, Merges
from waybill.database.repository import transaction
from waybill.errors import Unavailable
from waybill.outbox import publish_job_finished

_FILES = 5


def deliver(cloud: Cloud, *queues: str) -> None:
    """Every step handles what is in its queue now."""
    for name in queues:
        for record in cloud.take(name):
            assert FUNCTIONS[name]({"Records": [record]}, Context()) == {"batchItemFailures": []}


def test_a_file_that_is_staged_while_the_one_before_commits_has_its_turn_at_once(
    admin: Connection, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin.execute(
        b"CREATE TABLE buoys (id integer PRIMARY KEY, sea text, depth integer);"
        b"SELECT waybill.register_dataset('buoys')"
    )
    # A message that is sent again stays away: only a turn that is given is taken.
    monkeypatch.setattr(consumer, "delay_seconds", lambda _: 600)
    land(cloud, "buoys", "1.csv", b"id,sea\n1,Coral\n", second=1)
    land(cloud, "buoys", "2.csv", b"id,depth\n1,30\n", second=2)
    deliver(cloud, "landed")
    first, second = cloud.take("chunks")
    assert FUNCTIONS["chunks"]({"Records": [first]}, Context()) == {"batchItemFailures": []}
    merge = Merges.merge

    def merge_slowly(self: Merges, job_id: UUID) -> MergeResult:
        monkeypatch.setattr(Merges, "merge", merge)
        with transaction(self._connection):
            result = merge(self, job_id)
            # Before the commit, but after the merge has looked who waits.
            FUNCTIONS["chunks"]({"Records": [second]}, Context())
            deliver(cloud, "merges")
        return result

    monkeypatch.setattr(Merges, "merge", merge_slowly)
    deliver(cloud, "merges")
    deliver(cloud, "merges")
    assert admin.execute("SELECT id, sea, depth FROM buoys").fetchall() == [(1, "Coral", 30)]
    merges = admin.execute("SELECT count(*) FROM waybill.job_runs WHERE step = 'merge'").fetchone()
    # The second file waited once.
    assert merges == (3,)


@pytest.fixture
def waiting_files(
    admin: Connection, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    """Of five staged partial files, each of which merges after the one before, the first message.

    The others have waited once, and are away.
    """
    admin.execute(
        b"CREATE TABLE buoys (id integer PRIMARY KEY, sea text, depth integer);"
        b"SELECT waybill.register_dataset('buoys')"
    )
    monkeypatch.setattr(consumer, "delay_seconds", lambda _: 600)
    for number in range(_FILES):
        land(cloud, "buoys", f"{number}.csv", f"id,depth\n1,{number}\n".encode(), second=number)
    deliver(cloud, "landed", "chunks")
    by_file = {
        name: record
        for record in cloud.take("merges")
        for (name,) in admin.execute(
            "SELECT filename FROM waybill.ingestion_jobs WHERE job_id = %s",
            (json.loads(record["body"])["job_id"],),
        )
    }
    first = by_file.pop("0.csv")
    for record in by_file.values():
        assert FUNCTIONS["merges"]({"Records": [record]}, Context()) == {"batchItemFailures": []}
    return first


def depths(admin: Connection) -> list[tuple[int, ...]]:
    """What the table has, and how many files were merged."""
    return admin.execute(
        "SELECT depth, (SELECT count(*) FROM waybill.ingestion_jobs WHERE state = 'COMPLETED')"
        " FROM buoys"
    ).fetchall()


def test_files_that_wait_are_merged_after_one_another_without_a_message_each(
    admin: Connection, cloud: Cloud, waiting_files: dict[str, Any]
) -> None:
    away = cloud.waiting("merges")
    assert FUNCTIONS["merges"]({"Records": [waiting_files]}, Context())["batchItemFailures"] == []
    assert depths(admin) == [(_FILES - 1, _FILES)]
    assert cloud.waiting("merges") == away == _FILES - 1
    attempts = admin.execute(
        "SELECT count(*) FROM waybill.job_runs WHERE step = 'merge' GROUP BY job_id"
    ).fetchall()
    assert sorted(attempts) == [(1,), *[(2,)] * (_FILES - 1)]


def test_a_turn_that_comes_late_in_an_invocation_is_given_by_a_message(
    admin: Connection, cloud: Cloud, waiting_files: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(take_turns, "_SECONDS", 0.0)
    FUNCTIONS["merges"]({"Records": [waiting_files]}, Context())
    for number in range(_FILES):
        assert depths(admin) == [(number, number + 1)]
        deliver(cloud, "merges")


def test_a_turn_that_meets_a_lock_is_given_by_a_message(
    admin: Connection, cloud: Cloud, database: Database, waiting_files: dict[str, Any]
) -> None:
    with database.connect() as holder, holder.transaction():
        # As an API request that cancels it does.
        holder.execute("SELECT FROM waybill.ingestion_jobs WHERE filename = '2.csv' FOR UPDATE")
        response = FUNCTIONS["merges"]({"Records": [waiting_files]}, Context())
    assert response == {"batchItemFailures": []}
    assert depths(admin) == [(1, 2)]
    deliver(cloud, "merges")
    assert depths(admin) == [(_FILES - 1, _FILES)]


def test_a_later_file_that_fails_does_not_fail_the_first(
    admin: Connection, cloud: Cloud, waiting_files: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    merge = Merges.merge
    failures = iter(range(2))

    def merge_but_the_third(self: Merges, job_id: UUID) -> MergeResult:
        if depths(admin) == [(1, 2)] and next(failures, None) is not None:
            raise ZeroDivisionError
        return merge(self, job_id)

    monkeypatch.setattr(Merges, "merge", merge_but_the_third)
    response = FUNCTIONS["merges"]({"Records": [waiting_files]}, Context())
    assert response == {"batchItemFailures": []}
    # The second failure of the file, by a message of its own, is the last; the next has its turn.
    deliver(cloud, "merges")
    deliver(cloud, "merges")
    states = admin.execute("SELECT state FROM waybill.ingestion_jobs ORDER BY filename").fetchall()
    completed, failed = ("COMPLETED",), ("FAILED",)
    assert states == [completed, completed, failed, completed, completed]


def test_a_turn_is_not_lost_when_the_end_before_it_cannot_be_published(
    admin: Connection, cloud: Cloud, waiting_files: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise Unavailable("bus-unavailable", "The event bus cannot be reached.")

    with monkeypatch.context() as patch:
        patch.setattr(publish_job_finished, "relay", refuse)
        FUNCTIONS["merges"]({"Records": [waiting_files]}, Context())
        for number in range(_FILES):
            assert depths(admin) == [(number, number + 1)]
            deliver(cloud, "merges")
