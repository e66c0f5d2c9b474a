"""GET /health: 200 while files are accepted, 503 when they are not."""

from functools import cache
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.api.health.check_health import Clients, Health, check_health
from functions.api.health.settings import HealthSettings
from waybill.clients import s3_client, sqs_client
from waybill.http.app import create_api
from waybill.http.describe import answers
from waybill.http.responses import json_answer

api = create_api("health")


@cache
def clients() -> Clients:
    """S3, SQS and settings, kept for the life of the process."""
    return Clients(s3_client(), sqs_client(), HealthSettings.from_environment())


@api.get("/health", tags=["health"], responses=answers({200: Health, 503: Health}, 422))
def get_health() -> Response[Any]:
    """Look at database, storage and queue.

    `ok` and `degraded` are 200: files are accepted and kept, and load when everything is back.
    `down` is 503: the storage is away, so nothing is accepted.
    """
    health = check_health(clients())
    if health.status != "ok":
        away = sorted(name for name, check in health.checks.items() if check.status != "ok")
        api.logger.warning("not well", action="health.checked", status=health.status, away=away)
    down = health.status == "down"
    return json_answer(health, HTTPStatus.SERVICE_UNAVAILABLE if down else HTTPStatus.OK)


def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer an API Gateway proxy event."""
    return api.resolve(event, context)
