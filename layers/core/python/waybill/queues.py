"""Sends messages to SQS."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from waybill.clients import sqs_client
from waybill.errors import Unavailable
from waybill.messages import Message
from waybill.tracing import message_trace

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef as Entry

# The limit of one SendMessageBatch call.
_BATCH_LIMIT = 10
_SEND_TRIES = 3


def send(queue_url: str, messages: Iterable[Message]) -> int:
    """Send messages, ten per call. Returns their number.

    Raises:
        Unavailable: `queue-unavailable`; some may have been sent.
    """
    return send_bodies(queue_url, [message.model_dump_json() for message in messages])


def send_bodies(queue_url: str, bodies: Sequence[str]) -> int:
    """Send bodies as they are, ten per call. Returns their number. Raises like `send`."""
    for first in range(0, len(bodies), _BATCH_LIMIT):
        entries: list[Entry] = [
            {"Id": str(number), "MessageBody": body}
            for number, body in enumerate(bodies[first : first + _BATCH_LIMIT])
        ]
        trace = message_trace()
        for entry in entries if "MessageSystemAttributes" in trace else ():
            entry["MessageSystemAttributes"] = trace["MessageSystemAttributes"]
        _send_batch(queue_url, entries)
    return len(bodies)


def backlog(queue_url: str) -> int:
    """The approximate number of messages that are waiting.

    Raises:
        Unavailable: `queue-unavailable`.
    """
    try:
        response = sqs_client().get_queue_attributes(
            QueueUrl=queue_url, AttributeNames=["ApproximateNumberOfMessages"]
        )
    except (ClientError, BotoCoreError) as error:
        raise Unavailable("queue-unavailable", "The queue cannot be reached.") from error
    return int(response["Attributes"]["ApproximateNumberOfMessages"])


def _send_batch(queue_url: str, entries: "list[Entry]") -> None:
    for _ in range(_SEND_TRIES):
        try:
            response = sqs_client().send_message_batch(QueueUrl=queue_url, Entries=entries)
        except (ClientError, BotoCoreError) as error:
            raise Unavailable("queue-unavailable", "The queue cannot be reached.") from error
        refused = {failed["Id"] for failed in response.get("Failed", [])}
        entries = [entry for entry in entries if entry["Id"] in refused]
        if not entries:
            return
    raise Unavailable("queue-unavailable", f"The queue refused {len(entries)} messages.")
