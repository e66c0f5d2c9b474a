"""EventBridge `digest.made` → the digest's receiver; and schedules that repeat a delivery."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.pipeline.notify.deliver import deliver, keep_delivery
from functions.pipeline.notify.deps import Deps
from functions.pipeline.notify.settings import NotifySettings
from waybill import telemetry
from waybill.metrics.record import flush_metrics


def handle(event: Mapping[str, Any], context: LambdaContext) -> dict[str, str]:
    """Deliver the digest of the event, or go on with the delivery of a schedule."""
    settings = NotifySettings.from_environment()
    telemetry.start("notify", settings, context)
    deps = Deps.of(settings)
    if "delivery_id" in event:
        delivery_id = UUID(event["delivery_id"])
    else:
        delivery_id = keep_delivery(deps, event["detail"])
    state = deliver(deps, delivery_id)
    flush_metrics()
    return {"delivery_id": str(delivery_id), "state": state}
