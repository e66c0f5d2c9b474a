"""GET /health and GET /health/deep: 200 while uploads are accepted, else 503."""

from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.api.health.check_health import check_everything, check_health
from functions.api.health.check_inside import check_inside
from functions.api.health.deps import deps
from functions.api.health.models import Health
from waybill import telemetry
from waybill.http.app import create_api
from waybill.http.describe import describe_responses
from waybill.http.responses import json_response

api = create_api("health")


@api.get("/health", tags=["health"], responses=describe_responses({200: Health, 503: Health}, 422))
def get_health() -> Response[Any]:
    """Check storage and queue; a paused database stays paused.

    `ok` and `degraded` are 200: uploads are accepted, and load when everything is back.
    `down` is 503: the storage is unavailable, so uploads fail.
    """
    return _respond(check_health(deps()))


@api.get(
    "/health/deep", tags=["health"], responses=describe_responses({200: Health, 503: Health}, 422)
)
def get_deep_health() -> Response[Any]:
    """Check database, storage and queue, and whether jobs make progress.

    The status means what it means for `/health`. A paused database resumes.
    """
    return _respond(check_everything(deps()))


def _respond(health: Health) -> Response[Any]:
    if health.status != "ok":
        failed = sorted(name for name, check in health.checks.items() if check.status == "down")
        api.logger.warning(
            "health check failed", action="health.checked", status=health.status, failed=failed
        )
    is_down = health.status == "down"
    return json_response(health, HTTPStatus.SERVICE_UNAVAILABLE if is_down else HTTPStatus.OK)


def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle an API Gateway proxy event, or `waybill doctor`'s direct invocation."""
    if event.get("action") == "doctor":
        telemetry.start("health", deps().settings, context)
        return {"findings": check_inside(deps())}
    return api.resolve(event, context)
