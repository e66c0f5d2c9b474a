"""Move messages from a dead-letter queue back to their queue."""

import time
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from functions.api.admin.models import QueueRedriven
from waybill.clients import sqs_client
from waybill.errors import Unavailable
from waybill.queues import backlog, send_bodies

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

_BATCH_SIZE = 10
# Longer than it takes to send and delete a batch; messages of a killed call reappear after it.
_VISIBILITY_SECONDS = 60


class QueuePair(NamedTuple):
    """URLs of a queue and of its dead-letter queue."""

    queue_url: str
    dlq_url: str


def redrive_messages(pair: QueuePair, seconds: float) -> QueueRedriven:
    """Send the dead-letter queue's messages to the queue, for at most `seconds`.

    A message is sent before it is deleted, so a killed call may send it twice; every consumer
    accepts duplicates. Its receive count starts again at zero.

    Raises:
        Unavailable: `queue-unavailable`; messages that were sent stay sent.
    """
    deadline = time.monotonic() + seconds
    sent = 0
    # Messages that fail again during this call are left for the next one.
    limit = backlog(pair.dlq_url)
    while sent < limit and time.monotonic() < deadline:
        messages = _receive(pair.dlq_url)
        if not messages:
            break
        send_bodies(pair.queue_url, [message["Body"] for message in messages])
        _delete(pair.dlq_url, messages)
        sent += len(messages)
    return QueueRedriven(sent=sent, left=max(backlog(pair.dlq_url), 0))


def _receive(url: str) -> "list[MessageTypeDef]":
    try:
        response = sqs_client().receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=_BATCH_SIZE,
            VisibilityTimeout=_VISIBILITY_SECONDS,
            # Long polling queries all SQS servers; short polling may miss messages.
            WaitTimeSeconds=1,
        )
    except (ClientError, BotoCoreError) as error:
        raise Unavailable("queue-unavailable", "The queue cannot be reached.") from error
    return response.get("Messages", [])


def _delete(url: str, messages: "list[MessageTypeDef]") -> None:
    try:
        # A message that could not be deleted is sent once more later.
        sqs_client().delete_message_batch(
            QueueUrl=url,
            Entries=[
                {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                for number, message in enumerate(messages)
            ],
        )
    except (ClientError, BotoCoreError) as error:
        raise Unavailable("queue-unavailable", "The queue cannot be reached.") from error
