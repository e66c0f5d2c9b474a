"""Sends a message to its receiver, as the receiver's kind has it."""

import json
from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError, ClientError

from functions.pipeline.notify.delivery_error import DeliveryError
from functions.pipeline.notify.deps import Deps
from functions.pipeline.notify.message import slack_text, subject, text, webhook_body
from functions.pipeline.notify.sign import sign
from waybill.clients import sns_client
from waybill.notifications.receivers import (
    RECEIVER,
    EmailReceiver,
    SlackReceiver,
    WebhookReceiver,
)
from waybill.outbound.http import Request, retry_after
from waybill.outbound.origin import origin_of
from waybill.state.deliveries import Delivery


def send(deps: Deps, delivery: Delivery) -> None:
    """Send the message once.

    Raises:
        DeliveryError: the receiver did not take it, or a secret cannot be read.
        OutboundError: the receiver cannot be reached, or may not be.
    """
    receiver = RECEIVER.validate_python(delivery.receiver)
    if isinstance(receiver, WebhookReceiver):
        _post(deps, receiver.url, *_signed(deps, delivery, receiver))
    elif isinstance(receiver, SlackReceiver):
        url = deps.secrets.read(receiver.url_secret, "url")["url"]
        message = {"text": slack_text(delivery.content, deps.settings.console_url)}
        _post(deps, url, {}, json.dumps(message).encode())
    else:
        _email(deps, delivery, receiver)


def _signed(
    deps: Deps, delivery: Delivery, receiver: WebhookReceiver
) -> tuple[dict[str, str], bytes]:
    body = webhook_body(delivery.content, deps.settings.console_url)
    secret = deps.secrets.read(receiver.signing_secret, "key")
    keys = [secret["key"], *([secret["old_key"]] if "old_key" in secret else [])]
    return sign(str(delivery.delivery_id), datetime.now(UTC), body, keys), body


def _post(deps: Deps, url: str, headers: dict[str, str], body: bytes) -> None:
    headers = {"Content-Type": "application/json", **headers}
    response = deps.http.send(Request(url, headers, body))
    if not 200 <= response.status < 300:
        detail = f"{origin_of(url).host} responds {response.status}."
        raise DeliveryError(detail, retry_after(response))


def _email(deps: Deps, delivery: Delivery, receiver: EmailReceiver) -> None:
    try:
        sns_client().publish(
            TopicArn=f"{deps.settings.topic_prefix}{receiver.name}",
            Subject=subject(delivery.content),
            Message=text(delivery.content, deps.settings.console_url),
        )
    except (ClientError, BotoCoreError) as error:
        raise DeliveryError(f"The topic of {receiver.name} cannot be reached.") from error
