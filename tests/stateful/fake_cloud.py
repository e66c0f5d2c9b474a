"""The steps with their queues: messages are delivered, duplicated, lost; handlers are killed."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.pipeline.load.handler import handle as load
from functions.pipeline.merge.handler import handle as merge
from functions.pipeline.plan.handler import handle as plan
from functions.pipeline.publish.handler import handle as publish
from functions.pipeline.reap.handler import handle as reap
from functions.pipeline.refresh.handler import handle as refresh
from tests.cloud.lambda_events import Context, object_event, sqs_record
from tests.postgres.crash import empty_unlogged_tables
from tests.postgres.databases import PASSWORD, Database
from tests.stateful.fake_aws import FakeEvents, FakeS3, FakeSecrets, FakeSqs, Message
from tests.stateful.faults import Fault, Process, watch_database
from waybill import clients
from waybill.errors import Retryable

LANDING, STATE = "landing", "state"
QUEUES = ("landed", "chunks", "merges")
BEGINNING = datetime(2026, 3, 1, 10, tzinfo=UTC)
HANDLERS: Mapping[str, Callable[[Mapping[str, Any], LambdaContext], Mapping[str, Any]]] = {
    "landed": plan,
    "chunks": load,
    "merges": merge,
}
# As the queues of the project have it.
_RECEIVES = 5
_ROUNDS = 60
_ROUNDS_UNTIL_REAPED = 10


@dataclass
class Suspended:
    """An invocation that hangs; its message is visible again meanwhile."""

    queue: str
    message: Message
    process: Process
    failures: list[object]


@dataclass
class FakeCloud:
    """One database, the fake cloud, and whoever is at work."""

    database: Database
    patch: pytest.MonkeyPatch
    s3: FakeS3 = field(default_factory=FakeS3)
    events: FakeEvents = field(default_factory=FakeEvents)
    queues: dict[str, list[Message]] = field(default_factory=lambda: {q: [] for q in QUEUES})
    dead: list[tuple[str, Message]] = field(default_factory=list)
    suspended: list[Suspended] = field(default_factory=list)

    def open(self, *, chunk_bytes: int = 48) -> None:
        fakes = {
            "s3": self.s3,
            "sqs": FakeSqs(self.queues),
            "events": self.events,
            "secretsmanager": FakeSecrets(PASSWORD),
        }
        self.patch.setattr(boto3, "client", lambda name, **_: fakes[name])
        watch_database(self.patch)
        self._forget_clients()
        values = {
            "DATABASE_SECRET_ARN": "secret",
            "LANDING_BUCKET": LANDING,
            "STATE_BUCKET": STATE,
            "EVENT_BUS_NAME": "default",
            "CHUNK_BYTES": str(chunk_bytes),
            # Nothing takes time here: what no message is on its way for stands still.
            "IDLE_MINUTES": "0",
            "LOG_LEVEL": "ERROR",
            "POWERTOOLS_LOG_LEVEL": "CRITICAL",
            **{f"{queue.upper()}_QUEUE_URL": queue for queue in QUEUES},
        }
        for name, value in values.items():
            self.patch.setenv(name, value)
        self._become("pipeline")

    def close(self) -> None:
        for suspended in list(self.suspended):
            self.resume(suspended, killed=True)
        self.patch.undo()
        self._forget_clients()

    def land(self, dataset: str, name: str, body: bytes, second: int) -> tuple[str, str]:
        """Write an object and emit its event; gives its key and version."""
        key = f"landing/{dataset}/{name}"
        self.s3.put_object(Bucket=LANDING, Key=key, Body=body)
        return key, self.emit_event(key, second)

    def emit_event(self, key: str, second: int) -> str:
        """Emit the event of an object's newest version; gives that version."""
        event = object_event(self.s3, LANDING, key, time=at(second).isoformat())
        self.queues["landed"].append(Message(json.dumps(event)))
        return str(event["detail"]["object"]["version-id"])

    def deliver_ticket(self, job: str, second: int) -> None:
        """Deliver the event of an upload's ticket."""
        event = object_event(self.s3, STATE, f"tickets/{job}.json", time=at(second).isoformat())
        self.queues["landed"].append(Message(json.dumps(event)))
        self.deliver("landed", len(self.queues["landed"]) - 1)

    def let_uploads_expire(self) -> None:
        """Move the deadlines of uploads hours back, and expire them."""
        state = self.s3.buckets.get(STATE, {})
        for key in [key for key in state if key.startswith("deadlines/")]:
            state["deadlines/20260101T000000Z/" + key.rpartition("/")[2]] = state.pop(key)
        with self.database.connect() as admin:
            admin.execute("SET ROLE waybill_owner")
            admin.execute(
                "UPDATE waybill.ingestion_jobs SET created_at = created_at - interval '3 hours',"
                " expires_at = expires_at - interval '3 hours' WHERE state = 'AWAITING_UPLOAD'"
            )
        self.reap()

    def pass_hours(self) -> None:
        """Let hours pass for what has ended, what runs and which uploads were requested."""
        with self.database.connect() as admin:
            admin.execute("SET ROLE waybill_owner")
            admin.execute(
                "UPDATE waybill.ingestion_jobs SET finished_at = finished_at - interval '3 hours'"
                " WHERE finished_at IS NOT NULL"
            )
            admin.execute(
                "UPDATE waybill.job_runs SET started_at = started_at - interval '3 hours',"
                " finished_at = finished_at - interval '3 hours'"
            )
        with self.acting("waybill_refresh"):
            self.refresh()
        self.let_uploads_expire()

    def waiting(self) -> list[tuple[str, int]]:
        """Where every message is."""
        return [(queue, n) for queue in QUEUES for n in range(len(self.queues[queue]))]

    def deliver(self, queue: str, place: int, fault: Fault | None = None) -> Process:
        """Hand a message to its function, with a fault on the way."""
        return self.hand_over(queue, self.queues[queue].pop(place), fault)

    def hand_over(self, queue: str, message: Message, fault: Fault | None = None) -> Process:
        """The same with a message that was taken from its queue; threads may do so at once."""
        failures: list[object] = []
        suspended = Suspended(queue, message, Process(fault), failures)

        def work() -> None:
            response = HANDLERS[queue]({"Records": [record_of(message)]}, Context())
            failures.extend(response["batchItemFailures"])

        suspended.process.start(work)
        self._emit_member_events()
        if suspended.process.ended:
            self._settle(suspended)
        else:
            self.queues[queue].append(Message(message.body, message.receives, message.attributes))
            self.suspended.append(suspended)
        return suspended.process

    def _emit_member_events(self) -> None:
        """S3 sends the events of the members of archives."""
        while self.s3.uploaded:
            self.emit_event(self.s3.uploaded.pop(0), 0)

    def resume(self, suspended: Suspended, *, killed: bool) -> None:
        """Let a suspended invocation end, or die."""
        self.suspended.remove(suspended)
        self.wake(suspended, killed=killed)

    def wake(self, suspended: Suspended, *, killed: bool) -> None:
        """The same with one that was taken from those suspended."""
        suspended.process.resume(killed=killed)
        self._settle(suspended)

    def lose(self, queue: str, place: int) -> None:
        """The message ends in the dead-letter queue."""
        self.dead.append((queue, self.queues[queue].pop(place)))

    def redrive(self) -> None:
        """All messages of the dead-letter queues start again."""
        # Others may be putting messages there meanwhile.
        while self.dead:
            queue, message = self.dead.pop(0)
            self.queues[queue].append(Message(message.body, 0, message.attributes))

    def crash(self) -> None:
        """PostgreSQL crashes and is back: connections are cut, unlogged tables empty."""
        with self.database.connect() as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                # Autovacuum has no user, and only a superuser may end it.
                " AND usesysid IS NOT NULL"
            )
            empty_unlogged_tables(admin)

    def forget(self, queue: str, place: int) -> None:
        """The message is gone for good; only the reaper can find its job."""
        self.queues[queue].pop(place)

    def reap(self) -> None:
        reap({}, Context())

    def publish(self) -> None:
        publish({}, Context())

    def refresh(self) -> None:
        with self.acting("waybill_refresh"):
            refresh({}, Context())

    def markers(self) -> list[str]:
        """The keys of the wake-up markers."""
        return [key for key in self.s3.buckets.get(STATE, {}) if key.startswith("markers/")]

    @contextmanager
    def acting(self, role: str) -> Iterator[None]:
        """Whatever connects within is this role."""
        self._become(role)
        try:
            yield
        finally:
            self._become("pipeline")

    def settle(self, rounds: int = _ROUNDS) -> None:
        """Everyone goes on, everything is redriven, and messages go round until none is left.

        The schedules come when the queues are empty, and now and then while they are not: a message
        may go round because its job waits for one whose own message is gone.
        """
        for suspended in list(self.suspended):
            self.resume(suspended, killed=False)
        for turn in range(1, rounds + 1):
            self.redrive()
            for queue in QUEUES:
                for _ in range(len(self.queues[queue])):
                    self.deliver(queue, 0)
            if (self.dead or any(self.queues.values())) and turn % _ROUNDS_UNTIL_REAPED:
                continue
            try:
                self.publish()
                self.reap()
            except Retryable:
                # A schedule that found the database away comes again.
                continue
            if not (self.dead or any(self.queues.values())):
                return
        raise AssertionError(f"messages go round for ever: {self.queues} {self.dead}")

    def _settle(self, ended: Suspended) -> None:
        if not (ended.process.dead or ended.failures):
            return
        ended.message.receives += 1
        if ended.message.receives >= _RECEIVES:
            self.dead.append((ended.queue, ended.message))
        else:
            self.queues[ended.queue].append(ended.message)

    def _become(self, role: str) -> None:
        for name, value in self.database.environment(role).items():
            self.patch.setenv(name, value)

    @staticmethod
    def _forget_clients() -> None:
        for client in (clients.s3_client, clients.sqs_client, clients.events_client):
            client.cache_clear()


def at(second: int) -> datetime:
    """The time of a second of the history."""
    return BEGINNING + timedelta(seconds=second)


def record_of(message: Message) -> dict[str, Any]:
    return sqs_record(message.body, receives=message.receives + 1, attributes=message.attributes)
