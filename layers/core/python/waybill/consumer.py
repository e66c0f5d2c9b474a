"""Receives SQS messages, with one retry policy for all steps.

| raised while processing | what happens to the message |
| --- | --- |
| `Rejected` | acknowledged: it is recorded with its job, and never retried |
| `Busy`, `Unavailable` | sent again after a pause, any number of times |
| `Transient`, `OutOfResources` | sent again; the job fails after 10 or 30 failures |
| anything else | sent again; the job fails after 2 failures |
| a full local disk | the job fails at once |

Failures are counted by job and step (`waybill.runs`), and also by message, for those that happen
where no run can be recorded.

A message whose body cannot be parsed, or whose job cannot be failed, is received again; after five
receives it is in the dead-letter queue. Pauses are random up to a bound that doubles from 1 to
60 s (for `Busy` to 16 s, or a second for each job that has to end first). Every attempt at a job is
a row of `job_runs` with its cause. A message that is sent again is a new one, so that waiting never
uses up its receives.
"""

import random
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Generic, NamedTuple, TypedDict, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from waybill import telemetry
from waybill.clients import sqs_client
from waybill.database.errors import classify_exception
from waybill.errors import (
    Busy,
    OutOfResources,
    Rejected,
    Retryable,
    Unavailable,
    WaybillError,
)
from waybill.metrics.catalogue import (
    JOBS_GIVEN_UP,
    MESSAGE_WAIT_SECONDS,
    MESSAGES,
    MESSAGES_UNREACHED,
)
from waybill.metrics.record import count, flush_metrics, observe
from waybill.tracing import message_trace

_FIRST_SECONDS = 1.0
_MAX_SECONDS = 60.0
# `Busy` waits for work that is in progress: its pauses grow to 16 s only.
_MAX_BUSY_TRIES = 4
# Less than `stalled_jobs` takes for a lost message.
_MAX_TURN_SECONDS = 300
# Message attributes: how often it was sent again, and how many of those were failures.
_TRIES, _FAILURES = "tries", "failures"
Record = Mapping[str, Any]
M = TypeVar("M")


class _ItemFailure(TypedDict):
    itemIdentifier: str


class BatchResponse(TypedDict):
    """The response to a batch: the messages that Lambda shall deliver again."""

    batchItemFailures: list[_ItemFailure]


class Consumer(NamedTuple, Generic[M]):
    """How the messages of a queue are handled."""

    queue_url: str
    parse: Callable[[str], M]
    """From a message's body; raises ValueError."""
    process: Callable[[M], None]
    fail: Callable[[M, Rejected], None]
    """Fails the message's job for this reason."""


def delay_seconds(tries: int) -> int:
    """Full jitter: anything up to a bound that doubles with each try, from 1 to 60 s."""
    bound = min(_MAX_SECONDS, _FIRST_SECONDS * 2 ** min(tries, 10))
    return round(random.uniform(0, bound))  # noqa: S311 - jitter, not a secret


def consume(event: Mapping[str, Any], consumer: Consumer[M]) -> BatchResponse:
    """Handle each message of the batch; one that fails does not affect the others."""
    failures: list[_ItemFailure] = []
    for record in event["Records"]:
        try:
            _deliver(record, consumer)
        except Exception as error:  # one message must not fail its neighbours
            facts = {"receives": _receives(record), **_described(error)}
            telemetry.action("message.failed", level="error", error=error, **facts)
            _count("failed")
            _shorten_visibility(record, consumer.queue_url)
            failures.append({"itemIdentifier": record["messageId"]})
    flush_metrics()
    return {"batchItemFailures": failures}


def _deliver(record: Record, consumer: Consumer[M]) -> None:
    _observe_wait(record)
    message = consumer.parse(record["body"])
    with _about(message):
        _process(record, consumer, message)


def _about(message: object) -> AbstractContextManager[None]:
    """Log with the id of the message's job; an object's is not known before it is registered."""
    job_id = getattr(message, "job_id", None) or getattr(message, "pending_job_id", None)
    return telemetry.about(job_id) if job_id else nullcontext()


def _process(record: Record, consumer: Consumer[M], message: M) -> None:
    try:
        consumer.process(message)
    except Rejected as error:
        telemetry.action("message.rejected", level="warning", **_described(error))
        _count("rejected")
    except Exception as error:  # every cause is classified, the unknown ones too
        _retry_or_fail(record, consumer, message, error)
    else:
        telemetry.action("message.done")
        _count("done")


def _retry_or_fail(record: Record, consumer: Consumer[M], message: M, error: Exception) -> None:
    reason = classify_exception(error)
    limit = reason.max_failures if isinstance(reason, Retryable) else 0
    failures = _attribute(record, _FAILURES) + (limit is not None)
    if limit is None or failures < limit:
        _send_again(record, consumer.queue_url, reason, failures)
        return
    facts = {"failures": failures, **_described(reason)}
    telemetry.action("message.given-up", level="error", error=error, **facts)
    _count("given-up")
    count(JOBS_GIVEN_UP, step=telemetry.step())
    try:
        consumer.fail(message, _permanent(reason, failures))
    except (Busy, Unavailable, OutOfResources) as later:
        _send_again(record, consumer.queue_url, later, failures - 1)


def _permanent(reason: WaybillError, failures: int) -> Rejected:
    if isinstance(reason, Rejected):
        return reason
    return Rejected(reason.code, f"{reason.detail} (failed {failures} times)")


def _send_again(record: Record, queue_url: str, reason: WaybillError, failures: int) -> None:
    tries = _attribute(record, _TRIES)
    pause = _busy_seconds(tries, reason.ahead) if isinstance(reason, Busy) else delay_seconds(tries)
    sqs_client().send_message(
        QueueUrl=queue_url,
        MessageBody=record["body"],
        DelaySeconds=pause,
        MessageAttributes={
            _TRIES: {"DataType": "Number", "StringValue": str(tries + 1)},
            _FAILURES: {"DataType": "Number", "StringValue": str(failures)},
        },
        **message_trace(),
    )
    facts = {"tries": tries, "failures": failures, "seconds": pause, **_described(reason)}
    telemetry.action("message.postponed", **facts)
    _count("postponed")
    if isinstance(reason, Unavailable):
        # A message that is sent again is new to its queue, so its age shows no outage.
        count(MESSAGES_UNREACHED, step=telemetry.step())


def _busy_seconds(tries: int, ahead: int) -> int:
    """A merge that ends unblocks the next job; the retry is for a lost message only.

    If each of a thousand waiting jobs came back within 16 s, their turns would queue behind them.
    """
    turn = min(max(0, ahead - 1), _MAX_TURN_SECONDS) * random.uniform(0.5, 1)  # noqa: S311
    return max(delay_seconds(min(tries, _MAX_BUSY_TRIES)), round(turn))


def _count(result: str) -> None:
    count(MESSAGES, step=telemetry.step(), result=result)


def _observe_wait(record: Record) -> None:
    sent = int(record.get("attributes", {}).get("SentTimestamp", 0)) / 1000
    if sent:
        observe(MESSAGE_WAIT_SECONDS, max(0.0, time.time() - sent), step=telemetry.step())


def _attribute(record: Record, name: str) -> int:
    return int(record.get("messageAttributes", {}).get(name, {}).get("stringValue", 0))


def _receives(record: Record) -> int:
    return int(record.get("attributes", {}).get("ApproximateReceiveCount", 1))


def _described(error: Exception) -> dict[str, Any]:
    if isinstance(error, WaybillError):
        cause = error.__cause__
        # Such as a log-in that is refused, where the detail says only that nothing is reached.
        because = {"cause": f"{type(cause).__name__}: {cause}"} if cause else {}
        return {"code": error.code, "detail": error.detail, **because}
    return {"code": type(error).__name__, "detail": str(error)}


def _shorten_visibility(record: Record, queue_url: str) -> None:
    """Redeliver soon: the queue's visibility timeout is meant for functions that were killed."""
    try:
        sqs_client().change_message_visibility(
            QueueUrl=queue_url,
            ReceiptHandle=record["receiptHandle"],
            VisibilityTimeout=delay_seconds(_receives(record)),
        )
    except (ClientError, BotoCoreError) as error:
        # It is redelivered all the same, when the queue's own timeout ends.
        telemetry.action("message.kept", level="warning", **_described(error))
