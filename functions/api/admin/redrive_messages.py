"""The verb: put failed messages back into their queue."""

import time
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from functions.api.admin.answer import QueueRedriven
from waybill.clients import sqs_client
from waybill.errors import Unavailable
from waybill.queues import backlog, send_bodies

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

_AT_ONCE = 10
# Longer than a batch takes to be sent and deleted; what is cut off comes back after it.
_HIDDEN_SECONDS = 60


class Pair(NamedTuple):
    """A queue of work and its dead-letter queue, by their addresses."""

    queue_url: str
    dlq_url: str


def redrive_messages(pair: Pair, seconds: float) -> QueueRedriven:
    """Put what lies in the dead-letter queue back, oldest first, for so many seconds at most.

    A message is sent before it is deleted: a kill in between sends it twice, and every message
    may come twice. Its tries start anew.

    Raises:
        Unavailable: `queue-unavailable`; what was sent stays sent.
    """
    deadline = time.monotonic() + seconds
    sent = 0
    # What fails again meanwhile is for the next call.
    most = backlog(pair.dlq_url)
    while sent < most and time.monotonic() < deadline:
        messages = _receive(pair.dlq_url)
        if not messages:
            break
        send_bodies(pair.queue_url, [message["Body"] for message in messages])
        _delete(pair.dlq_url, messages)
        sent += len(messages)
    return QueueRedriven(sent=sent, left=max(backlog(pair.dlq_url), 0))


def _receive(url: str) -> "list[MessageTypeDef]":
    try:
        answer = sqs_client().receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=_AT_ONCE,
            VisibilityTimeout=_HIDDEN_SECONDS,
            # Asks all of the queue's servers; without it some messages may not be seen.
            WaitTimeSeconds=1,
        )
    except (ClientError, BotoCoreError) as error:
        raise Unavailable("queue-unavailable", "The queue cannot be reached.") from error
    return answer.get("Messages", [])


def _delete(url: str, messages: "list[MessageTypeDef]") -> None:
    try:
        # What could not be deleted is sent once more later.
        sqs_client().delete_message_batch(
            QueueUrl=url,
            Entries=[
                {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                for number, message in enumerate(messages)
            ],
        )
    except (ClientError, BotoCoreError) as error:
        raise Unavailable("queue-unavailable", "The queue cannot be reached.") from error
