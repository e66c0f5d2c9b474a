"""One attempt at a delivery: it sends the message, unless it was sent, and is repeated if not.

The schedule of the next attempt is made before the message is sent, so that a function that is
killed loses nothing. The next attempt does nothing where this one succeeds.
"""

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from functions.pipeline.notify.delivery_error import DeliveryError
from functions.pipeline.notify.deps import Deps
from functions.pipeline.notify.send import send
from waybill import telemetry
from waybill.errors import Rejected, Unavailable
from waybill.outbound.error import OutboundError
from waybill.state.deliveries import Delivery

# The function's timeout: whatever claimed the delivery before that has ended.
_CLAIM = timedelta(seconds=30)
_LONGEST_PAUSE = 3600.0


def keep_delivery(deps: Deps, digest: Mapping[str, Any]) -> UUID:
    """Keep the digest of an event, unless an earlier delivery of the event has; its id.

    Raises:
        Unavailable: S3 cannot be reached.
    """
    content = digest["content"]
    delivery = Delivery(delivery_id=content["id"], receiver=digest["receiver"], content=content)
    deps.state.deliveries.create(delivery)
    return delivery.delivery_id


def deliver(deps: Deps, delivery_id: UUID) -> str:
    """Make an attempt; the state of the delivery afterwards.

    Raises:
        Rejected: `delivery-given-up`, it was the last attempt; `delivery-superseded`, another
            attempt has begun.
        Unavailable: S3 or EventBridge Scheduler cannot be reached; safe to repeat.
    """
    found = deps.state.deliveries.find(delivery_id)
    if found is None:
        telemetry.action("delivery.missing", level="warning", delivery=str(delivery_id))
        return "missing"
    delivery, version = found
    now = datetime.now(UTC)
    if delivery.has_ended or delivery.is_claimed_since(now - _CLAIM):
        telemetry.action("delivery.repeated", delivery=str(delivery_id), state=delivery.state)
        return delivery.state
    attempt = delivery.attempts + 1
    if attempt < deps.settings.max_attempts:
        deps.schedules.repeat(delivery_id, attempt + 1, now + _pause(deps, attempt))
    delivery = delivery.begin(now)
    version = deps.state.deliveries.change(delivery, version)
    try:
        send(deps, delivery)
    except (DeliveryError, OutboundError, Unavailable) as error:
        return _failed(deps, delivery, version, str(error))
    deps.state.deliveries.change(delivery.end("sent"), version)
    telemetry.action("delivery.sent", receiver=delivery.receiver["name"], attempts=attempt)
    return "sent"


def _failed(deps: Deps, delivery: Delivery, version: str, detail: str) -> str:
    is_final = delivery.attempts >= deps.settings.max_attempts
    ended = delivery.end("given-up" if is_final else "waiting", detail)
    deps.state.deliveries.change(ended, version)
    receiver = delivery.receiver["name"]
    telemetry.action(
        "delivery.failed", level="error" if is_final else "warning", receiver=receiver,
        attempts=delivery.attempts, detail=detail,
    )  # fmt: skip
    if is_final:
        # The function's error makes an alarm.
        raise Rejected("delivery-given-up", f"The receiver {receiver} took no message for a day.")
    return ended.state


def _pause(deps: Deps, attempt: int) -> timedelta:
    seconds = min(_LONGEST_PAUSE, deps.settings.retry_seconds * 2.0 ** min(attempt - 1, 20))
    # Jitter, so that what failed together does not come back together.
    return timedelta(seconds=seconds * random.uniform(1.0, 1.3))  # noqa: S311
