"""One attempt at a delivery: it sends the message, unless it was sent, and is repeated if not.

The schedule of the next attempt is made before the message is sent, so that a function that is
killed loses nothing. The next attempt does nothing where this one succeeds, or where the receiver
asked for a longer pause: then there is a second schedule, after that.
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
# A schedule has whole seconds, and must not come before the time that it is for.
_ROUNDING = timedelta(seconds=2)


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
    is_early = delivery.is_early(now)
    if delivery.has_ended or is_early or delivery.is_claimed_since(now - _CLAIM):
        telemetry.action("delivery.repeated", delivery=str(delivery_id), state=delivery.state)
        return delivery.state
    attempt = delivery.attempts + 1
    following = now + _pause(deps, attempt)
    if attempt < deps.settings.max_attempts:
        deps.schedules.repeat(delivery_id, attempt + 1, following)
    delivery = delivery.begin(now)
    version = deps.state.deliveries.change(delivery, version)
    try:
        send(deps, delivery)
    except (DeliveryError, OutboundError, Unavailable) as error:
        return _failed(deps, delivery, version, error, following)
    deps.state.deliveries.change(delivery.end("sent"), version)
    telemetry.action("delivery.sent", receiver=delivery.receiver["name"], attempts=attempt)
    return "sent"


def _failed(
    deps: Deps, delivery: Delivery, version: str, error: Exception, following: datetime
) -> str:
    is_final, detail = delivery.attempts >= deps.settings.max_attempts, str(error)
    not_before = None if is_final else _not_before(error, following)
    if not_before:
        # Made before it is needed: the schedule that is there will find the receiver not ready.
        deps.schedules.repeat(
            delivery.delivery_id, delivery.attempts + 1, not_before + _ROUNDING, is_postponed=True
        )
    ended = delivery.end("given-up" if is_final else "waiting", detail, not_before)
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


def _not_before(error: Exception, following: datetime) -> datetime | None:
    """When the receiver wants to be tried again, if that is after the attempt that follows.

    At most an hour from now, so that a delivery ends within its day.
    """
    if not isinstance(error, DeliveryError) or error.retry_after is None:
        return None
    until = datetime.now(UTC) + timedelta(seconds=min(error.retry_after, _LONGEST_PAUSE))
    return until if until > following else None


def _pause(deps: Deps, attempt: int) -> timedelta:
    seconds = min(_LONGEST_PAUSE, deps.settings.retry_seconds * 2.0 ** min(attempt - 1, 20))
    # Jitter, so that what failed together does not come back together.
    return timedelta(seconds=seconds * random.uniform(1.0, 1.3))  # noqa: S311
