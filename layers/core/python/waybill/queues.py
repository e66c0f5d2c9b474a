"""SQS: sending messages, and the fate of each one received.

The policy, in one place: an error says its fate (`waybill.errors`), and here it meets it.

| what was raised | what becomes of the message |
| --- | --- |
| `Rejected` | acknowledged; it is recorded with its job, and never tried again |
| `Busy`, `Unavailable` | sent again after a pause, acknowledged; no attempt, however often |
| anything else | received again after a pause; after five times it is in the dead-letter queue |

Pauses are anything up to a bound that doubles from 1 to 60 s (full jitter). Every try at a job is
a row of `job_runs` with its cause.

A message that must merely wait (a lock, an earlier job, a sleeping database) is sent again as
a new one with a growing delay, so that waiting never uses up its receives and never ends in the
dead-letter queue. Only what fails for a reason nobody foresaw goes there.
"""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict

from botocore.exceptions import BotoCoreError, ClientError

from waybill import telemetry
from waybill.clients import sqs_client
from waybill.errors import Busy, Rejected, Unavailable, WaybillError
from waybill.messages import Message

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef as Entry

_BASE_SECONDS = 1.0
_CAP_SECONDS = 60.0
# What one call of SendMessageBatch takes.
_AT_ONCE = 10
_SEND_TRIES = 3
_TRIES = "tries"
Record = Mapping[str, Any]


class _Failure(TypedDict):
    itemIdentifier: str


class BatchResponse(TypedDict):
    """What Lambda is told of a batch: the messages that are to come again."""

    batchItemFailures: list[_Failure]


def delay_seconds(tries: int) -> int:
    """Full jitter: anything up to a bound that doubles with each try, from 1 to 60 s."""
    bound = min(_CAP_SECONDS, _BASE_SECONDS * 2 ** min(tries, 10))
    return round(random.uniform(0, bound))  # noqa: S311 - jitter, not a secret


def send(queue_url: str, messages: Iterable[Message]) -> int:
    """Send messages, ten a call; the number sent.

    Raises:
        Unavailable: `queue-unavailable`; some may have been sent.
    """
    return send_bodies(queue_url, [message.model_dump_json() for message in messages])


def send_bodies(queue_url: str, bodies: Sequence[str]) -> int:
    """Send messages as they are, ten a call; the number sent. Raises like `send`."""
    for first in range(0, len(bodies), _AT_ONCE):
        entries: list[Entry] = [
            {"Id": str(number), "MessageBody": body}
            for number, body in enumerate(bodies[first : first + _AT_ONCE])
        ]
        _send_batch(queue_url, entries)
    return len(bodies)


def backlog(queue_url: str) -> int:
    """About how many messages wait for a consumer.

    Raises:
        Unavailable: `queue-unavailable`.
    """
    try:
        found = sqs_client().get_queue_attributes(
            QueueUrl=queue_url, AttributeNames=["ApproximateNumberOfMessages"]
        )
    except (ClientError, BotoCoreError) as error:
        raise Unavailable("queue-unavailable", "The queue cannot be reached.") from error
    return int(found["Attributes"]["ApproximateNumberOfMessages"])


def _send_batch(queue_url: str, entries: "list[Entry]") -> None:
    for _ in range(_SEND_TRIES):
        try:
            answer = sqs_client().send_message_batch(QueueUrl=queue_url, Entries=entries)
        except (ClientError, BotoCoreError) as error:
            raise Unavailable("queue-unavailable", "The queue cannot be reached.") from error
        refused = {failed["Id"] for failed in answer.get("Failed", [])}
        entries = [entry for entry in entries if entry["Id"] in refused]
        if not entries:
            return
    raise Unavailable("queue-unavailable", f"The queue refused {len(entries)} messages.")


def consume(event: Mapping[str, Any], one: Callable[[str], None], queue_url: str) -> BatchResponse:
    """Give the body of each message to `one`, and decide its fate by how that ends.

    `Rejected` is acknowledged: it was recorded where it belongs. `Busy` and `Unavailable` send
    the body again, later, and acknowledge. Anything else is a failure of the item: it is
    received again after a growing pause, and goes to the dead-letter queue in the end.
    """
    failures: list[_Failure] = []
    for record in event["Records"]:
        try:
            _settle(record, one, queue_url)
        except Exception as error:  # one message must not fail its neighbours
            facts = {"receives": _receives(record), **_named(error)}
            telemetry.action("message.failed", level="error", error=error, **facts)
            _hold_back(record, queue_url)
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}


def _settle(record: Record, one: Callable[[str], None], queue_url: str) -> None:
    try:
        one(record["body"])
    except Rejected as error:
        telemetry.action("message.rejected", level="warning", **_named(error))
    except (Busy, Unavailable) as error:
        tries = _tries(record)
        pause = delay_seconds(tries)
        sqs_client().send_message(
            QueueUrl=queue_url,
            MessageBody=record["body"],
            DelaySeconds=pause,
            MessageAttributes={_TRIES: {"DataType": "Number", "StringValue": str(tries + 1)}},
        )
        telemetry.action("message.postponed", tries=tries, seconds=pause, **_named(error))
    else:
        telemetry.action("message.done")


def _tries(record: Record) -> int:
    return int(record.get("messageAttributes", {}).get(_TRIES, {}).get("stringValue", 0))


def _receives(record: Record) -> int:
    return int(record.get("attributes", {}).get("ApproximateReceiveCount", 1))


def _named(error: Exception) -> dict[str, Any]:
    if isinstance(error, WaybillError):
        return {"code": error.code, "detail": error.detail}
    return {"code": type(error).__name__, "detail": str(error)}


def _hold_back(record: Record, queue_url: str) -> None:
    """Bring the next try nearer than the queue's visibility timeout, which is for killed runs."""
    try:
        sqs_client().change_message_visibility(
            QueueUrl=queue_url,
            ReceiptHandle=record["receiptHandle"],
            VisibilityTimeout=delay_seconds(_receives(record)),
        )
    except (ClientError, BotoCoreError) as error:
        # It comes back all the same, when the queue's own timeout ends.
        telemetry.action("message.kept", level="warning", **_named(error))
