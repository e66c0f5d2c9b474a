"""The retry policy: what happens to a message, and when its job fails."""

import errno
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from psycopg import errors

from tests.cloud.fixtures import Cloud
from tests.cloud.lambda_events import sqs_record
from tests.cloud.log_lines import LogLines
from waybill import consumer as consumer_module
from waybill.consumer import Consumer, consume, delay_seconds
from waybill.errors import Busy, OutOfResources, Rejected, Retryable, Transient, Unavailable

LIMIT = 40


class Handler:
    """Raises an exception for every message; remembers why jobs were failed."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.failed: list[Rejected] = []
        self.calls = 0

    def process(self, _message: str) -> None:
        self.calls += 1
        raise self.error

    def fail(self, _message: str, reason: Rejected) -> None:
        self.failed.append(reason)

    def consumer(self, url: str) -> Consumer[str]:
        return Consumer(url, str, self.process, self.fail)


def record(body: str, *, tries: int = 0, receives: int = 1, receipt: str = "r") -> dict[str, Any]:
    return sqs_record(
        body,
        message_id=f"id of {body}",
        receipt_handle=receipt,
        receives=receives,
        attributes={"tries": str(tries)} if tries else {},
    )


@pytest.fixture(autouse=True)
def delays(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """No delays, so that a message sent again is there at once; the tries they were for."""
    requested: list[int] = []

    def none(tries: int) -> int:
        requested.append(tries)
        return 0

    monkeypatch.setattr(consumer_module, "delay_seconds", none)
    return requested


def deliver_until_gone(cloud: Cloud, handler: Handler) -> int:
    """Deliver one message until it is acknowledged for good; how often it was processed."""
    records = [record("a")]
    while records and handler.calls < LIMIT:
        response = consume({"Records": records}, handler.consumer(cloud.queues["chunks"]))
        assert response == {"batchItemFailures": []}
        records = cloud.take("chunks")
    return handler.calls


def test_a_rejected_input_is_acknowledged(cloud: Cloud) -> None:
    handler = Handler(Rejected("bad", "x"))
    assert deliver_until_gone(cloud, handler) == 1
    # The step has recorded it already.
    assert handler.failed == []


def test_a_postponed_message_logs_why_nothing_is_reached(cloud: Cloud, log_lines: LogLines) -> None:
    error = Unavailable("database-unavailable", "The database cannot be reached.")
    error.__cause__ = psycopg.OperationalError('role "waybill_load" is not permitted to log in')
    consume({"Records": [record("a")]}, Handler(error).consumer(cloud.queues["chunks"]))
    (line,) = (line for line in log_lines() if line["action"] == "message.postponed")
    assert line["code"] == "database-unavailable"
    assert line["cause"] == f"OperationalError: {error.__cause__}"


@pytest.mark.parametrize(
    ("error", "longest"), [(Busy("b", "x"), 4), (Unavailable("u", "x"), LIMIT)]
)
def test_waiting_is_not_a_failure_and_never_ends_a_job(
    cloud: Cloud, delays: list[int], error: Exception, longest: int
) -> None:
    handler = Handler(error)
    assert deliver_until_gone(cloud, handler) == LIMIT
    assert handler.failed == []
    # The pauses grow; those of a job that waits for another stay short.
    assert delays == [min(tries, longest) for tries in range(LIMIT)]


@pytest.mark.parametrize(("ahead", "least", "most"), [(1, 0, 0), (41, 20, 40), (9999, 150, 300)])
def test_a_job_that_waits_for_many_comes_back_when_they_may_have_ended(
    cloud: Cloud, log_lines: LogLines, ahead: int, least: int, most: int
) -> None:
    handler = Handler(Busy("b", "x", ahead=ahead))
    consume({"Records": [record("a")] * 20}, handler.consumer(cloud.queues["chunks"]))
    pauses = [line["seconds"] for line in log_lines() if line["action"] == "message.postponed"]
    assert len(pauses) == 20
    assert least <= min(pauses) <= max(pauses) <= most
    assert least == most or len(set(pauses)) > 1


@pytest.mark.parametrize(
    ("error", "attempts"),
    [(Retryable("r", "x"), 2), (Transient("t", "x"), 10), (OutOfResources("o", "x"), 30)],
)
def test_a_message_that_keeps_failing_fails_its_job(
    cloud: Cloud, error: Retryable, attempts: int
) -> None:
    handler = Handler(error)
    assert deliver_until_gone(cloud, handler) == attempts
    (reason,) = handler.failed
    assert reason.problem()["type"] == error.code
    assert reason.detail == f"x (failed {attempts} times)"


def _arrow_invalid() -> Exception:
    import pyarrow as pa  # noqa: PLC0415 - of this one case

    error: Exception = pa.ArrowInvalid("x")
    return error


@pytest.mark.parametrize(
    "make",
    [
        lambda: ValueError("x"),
        lambda: KeyError("x"),
        lambda: TypeError("x"),
        lambda: RecursionError("x"),
        lambda: MemoryError("x"),
        lambda: OverflowError("x"),
        lambda: AssertionError("x"),
        lambda: NotImplementedError("x"),
        lambda: EOFError("x"),
        lambda: TimeoutError("x"),
        lambda: UnicodeDecodeError("utf-8", b"x", 0, 1, "x"),
        lambda: OSError(errno.EIO, "x"),
        lambda: ClientError({"Error": {"Code": "AccessDenied"}}, "GetObject"),
        lambda: EndpointConnectionError(endpoint_url="https://x"),
        _arrow_invalid,
    ],
)
def test_an_unknown_exception_fails_the_job_after_two_attempts(
    cloud: Cloud, make: Callable[[], Exception]
) -> None:
    handler = Handler(make())
    assert deliver_until_gone(cloud, handler) == 2
    (reason,) = handler.failed
    assert reason.code == "internal-error"
    assert type(handler.error).__name__ in reason.detail


def test_a_full_local_disk_fails_the_job_at_once(cloud: Cloud) -> None:
    handler = Handler(OSError(errno.ENOSPC, "No space left on device"))
    assert deliver_until_gone(cloud, handler) == 1
    assert [reason.code for reason in handler.failed] == ["disk-full"]


def _states() -> Iterator[str]:
    for item in vars(errors).values():
        if isinstance(item, type) and issubclass(item, psycopg.Error):
            state = getattr(item, "sqlstate", None)
            if state:
                yield state


UNBOUNDED = {"55P03", "55006", "57P01", "57P02", "57P03", "57P05"}


@pytest.mark.parametrize("kind", sorted({state[:2] for state in _states()}))
def test_every_sqlstate_is_permanent_unless_unavailable_or_locked(cloud: Cloud, kind: str) -> None:
    for state in sorted({state for state in _states() if state[:2] == kind}):
        handler = Handler(errors.lookup(state)("x"))
        attempts = deliver_until_gone(cloud, handler)
        if state in UNBOUNDED or kind == "08":
            assert (state, attempts, handler.failed) == (state, LIMIT, [])
        else:
            assert (state, attempts <= 30, len(handler.failed)) == (state, True, 1)


def test_a_job_is_failed_later_when_the_database_is_unavailable(
    cloud: Cloud,
) -> None:
    handler = Handler(ValueError("x"))
    outcomes: list[Exception | None] = [Unavailable("u", "x"), Busy("b", "x"), None]
    failed: list[str] = []

    def fail(message: str, _reason: Rejected) -> None:
        if (outcome := outcomes.pop(0)) is not None:
            raise outcome
        failed.append(message)

    records = [record("a")]
    url = cloud.queues["chunks"]
    while records:
        consume({"Records": records}, Consumer(url, str, handler.process, fail))
        records = cloud.take("chunks")
    assert (failed, outcomes, handler.calls) == (["a"], [], 4)


def test_a_body_that_cannot_be_parsed_is_received_again_soon(
    cloud: Cloud, delays: list[int]
) -> None:
    url = cloud.queues["chunks"]
    cloud.sqs.send_message(QueueUrl=url, MessageBody="a")
    (message,) = cloud.sqs.receive_message(QueueUrl=url, VisibilityTimeout=600)["Messages"]
    event = {"Records": [record("a", receives=2, receipt=message["ReceiptHandle"])]}
    handler = Handler(ValueError("x"))
    consumer = Consumer(url, int, lambda _: None, lambda _, __: None)
    assert consume(event, consumer) == {"batchItemFailures": [{"itemIdentifier": "id of a"}]}
    assert delays == [2]
    assert [found["body"] for found in cloud.take("chunks")] == ["a"]
    assert handler.calls == 0


def test_one_bad_message_does_not_affect_the_others(cloud: Cloud) -> None:
    seen: list[int] = []
    consumer = Consumer(cloud.queues["chunks"], int, seen.append, lambda _, __: None)
    response = consume({"Records": [record("1"), record("bad"), record("2")]}, consumer)
    assert response == {"batchItemFailures": [{"itemIdentifier": "id of bad"}]}
    assert seen == [1, 2]


def test_a_message_that_cannot_be_sent_again_is_not_acknowledged(cloud: Cloud) -> None:
    missing = cloud.queues["chunks"] + "-missing"
    response = consume({"Records": [record("a")]}, Handler(Busy("b", "x")).consumer(missing))
    assert response == {"batchItemFailures": [{"itemIdentifier": "id of a"}]}


def test_delays_grow_to_a_minute_and_vary() -> None:
    assert {delay_seconds(0) for _ in range(100)} == {0, 1}
    assert max(delay_seconds(30) for _ in range(200)) in range(50, 61)
    assert len({delay_seconds(30) for _ in range(200)}) > 20
