"""A file that is staged while a call ends what it waits for has its turn right after the commit."""

import os
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from unittest.mock import patch
from uuid import UUID

import pytest

from functions.api.jobs.deps import deps as jobs_deps
from functions.api.jobs.handler import handle as jobs
from tests.cloud.fixtures import LANDING, Cloud
from tests.cloud.lambda_events import Context
from tests.integration.path.steps import FUNCTIONS, land, settle
from tests.integration.path.test_turns import deliver
from tests.postgres.databases import Connection
from tests.postgres.roles import API
from tests.unit.http.api_client import call
from waybill import consumer
from waybill.database.jobs import Jobs
from waybill.database.merges import Merges
from waybill.database.repository import transaction
from waybill.errors import Conflict
from waybill.messages import MergeMessage, ResolvePendingMessage, RevertMessage
from waybill.queues import send

TABLES = b"""
CREATE TABLE seas (sea text PRIMARY KEY);
SELECT waybill.register_dataset('seas');
CREATE TABLE buoys (id integer PRIMARY KEY, sea text REFERENCES seas, depth integer);
SELECT waybill.register_dataset('buoys', revertible_days => 30);
"""


class Scene(NamedTuple):
    """A file that is being ended by some call, and one that waits for it."""

    admin: Connection
    cloud: Cloud
    monkeypatch: pytest.MonkeyPatch
    second: dict[str, Any]
    """The message of the only chunk of the second file."""
    role: str
    """Of the functions of the pipeline."""

    def job(self, name: str) -> UUID:
        (job,) = self.admin.execute(
            "SELECT job_id FROM waybill.ingestion_jobs WHERE filename = %s", (name,)
        ).fetchone() or (UUID(int=0),)
        return UUID(str(job))

    def state(self, name: str) -> str:
        (state,) = self.admin.execute(
            "SELECT state FROM waybill.ingestion_jobs WHERE filename = %s", (name,)
        ).fetchone() or ("",)
        return str(state)

    def send(self, message: MergeMessage | RevertMessage | ResolvePendingMessage) -> None:
        send(self.cloud.queues["merges"], [message])

    def stage_during(self, owner: type, method: str) -> None:
        """Stage the second file while the first call of the method commits; it waits then."""
        original: Callable[..., Any] = getattr(owner, method)

        def call_slowly(repository: Any, *args: Any, **more: Any) -> Any:
            self.monkeypatch.setattr(owner, method, original)
            role = {"DATABASE_USER": self.role}
            with patch.dict(os.environ, role), transaction(repository._connection):
                result = original(repository, *args, **more)
                # Before the commit, but after the call has looked who waits.
                FUNCTIONS["chunks"]({"Records": [self.second]}, Context())
                deliver(self.cloud, "merges")
                assert self.state("2.csv") == "MERGING"
            return result

        self.monkeypatch.setattr(owner, method, call_slowly)

    def assert_has_its_turn(self) -> None:
        deliver(self.cloud, "merges")
        deliver(self.cloud, "merges")
        assert self.state("2.csv") == "COMPLETED"


@pytest.fixture
def begin(
    admin: Connection, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Scene]]:
    """Loads the first file, or stages it only; then the second is planned."""

    def begin_with(first: bytes, *, loaded: bool, staged: bool = True) -> Scene:
        admin.execute(TABLES)
        land(cloud, "buoys", "1.csv", first, second=1)
        if loaded:
            settle(cloud)
        # A message that is sent again stays away: only a turn that is given is taken.
        monkeypatch.setattr(consumer, "delay_seconds", lambda _: 600)
        if not loaded:
            deliver(cloud, "landed")
            if staged:
                deliver(cloud, "chunks")
                cloud.take("merges")
        land(cloud, "buoys", "2.csv", b"id,depth\n7,30\n", second=2)
        deliver(cloud, "landed")
        *first_chunks, second = cloud.take("chunks")
        for chunk in first_chunks:
            cloud.sqs.send_message(QueueUrl=cloud.queues["chunks"], MessageBody=chunk["body"])
        return Scene(admin, cloud, monkeypatch, second, os.environ["DATABASE_USER"])

    yield begin_with
    jobs_deps.cache_clear()


def request_revert(scene: Scene) -> None:
    scene.admin.execute("SELECT waybill.request_revert(%s)", (scene.job("1.csv"),))
    # The second file lands later than that.
    scene.admin.execute("UPDATE waybill.revert_requests SET requested_at = '2026-01-01'")
    scene.send(RevertMessage(reverted_job_id=scene.job("1.csv")))


def test_after_a_revert(begin: Callable[..., Scene]) -> None:
    scene = begin(b"id,depth\n1,10\n", loaded=True)
    request_revert(scene)
    scene.stage_during(Merges, "revert")
    scene.assert_has_its_turn()
    assert scene.state("1.csv") == "REVERTED"


def test_after_a_revert_that_is_refused(begin: Callable[..., Scene]) -> None:
    scene = begin(b"id,depth\n1,10\n", loaded=True)
    request_revert(scene)

    def refuse(*_: object) -> None:
        raise Conflict("not-revertible", "Something has touched its rows.")

    scene.monkeypatch.setattr(Merges, "revert", refuse)
    scene.stage_during(Merges, "refuse_revert")
    scene.assert_has_its_turn()
    assert scene.state("1.csv") == "COMPLETED"


def test_after_pending_records_were_written(begin: Callable[..., Scene]) -> None:
    scene = begin(b"id,sea\n1,Coral\n", loaded=True)
    scene.admin.execute("INSERT INTO seas VALUES ('Coral')")
    scene.send(ResolvePendingMessage(pending_job_id=scene.job("1.csv")))
    scene.stage_during(Merges, "resolve_pending")
    scene.assert_has_its_turn()
    assert scene.admin.execute("SELECT id FROM buoys ORDER BY id").fetchall() == [(1,), (7,)]


def cancel(scene: Scene) -> int:
    jobs_deps.cache_clear()
    with patch.dict(os.environ, DATABASE_USER=API):
        response = call(jobs, "DELETE", f"/jobs/{scene.job('1.csv')}")
        jobs_deps().database.close()
    return response.status


def test_after_a_cancellation(begin: Callable[..., Scene]) -> None:
    scene = begin(b"id,sea\n1,\n", loaded=False)
    scene.stage_during(Jobs, "cancel")
    assert cancel(scene) == 202
    scene.assert_has_its_turn()
    assert scene.state("1.csv") == "CANCELLED"


def test_after_a_cancellation_whose_message_cannot_be_sent(begin: Callable[..., Scene]) -> None:
    scene = begin(b"id,sea\n1,\n", loaded=False)
    with patch.dict(os.environ, MERGES_QUEUE_URL=scene.cloud.queues["merges"] + "-gone"):
        assert cancel(scene) == 202
    assert scene.state("1.csv") == "CANCELLED"


def test_after_a_failure_of_the_loader(begin: Callable[..., Scene]) -> None:
    scene = begin(b"id,sea\n1,\n", loaded=False, staged=False)
    key = "landing/buoys/1.csv"
    (version,) = scene.cloud.s3.list_object_versions(Bucket=LANDING, Prefix=key)["Versions"]
    scene.cloud.s3.delete_object(Bucket=LANDING, Key=key, VersionId=version["VersionId"])
    scene.stage_during(Jobs, "fail")
    deliver(scene.cloud, "chunks")
    scene.assert_has_its_turn()
    assert scene.state("1.csv") == "FAILED"


def test_after_a_failure_in_the_merge(begin: Callable[..., Scene]) -> None:
    scene = begin(b"id,sea\n1,\n", loaded=False)
    scene.admin.execute(
        "UPDATE waybill.chunks SET byte_from = byte_from + 1 WHERE job_id = %s",
        (scene.job("1.csv"),),
    )
    scene.send(MergeMessage(job_id=scene.job("1.csv")))
    scene.stage_during(Merges, "merge")
    scene.assert_has_its_turn()
    assert scene.state("1.csv") == "FAILED"
