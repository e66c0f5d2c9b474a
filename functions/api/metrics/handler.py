"""GET /metrics: Prometheus text. A paused database stays paused."""

from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.api.metrics.collect_metrics import collect_metrics
from functions.api.metrics.deps import deps
from waybill.http.app import create_api
from waybill.http.describe import describe_responses
from waybill.metrics.exposition import CONTENT_TYPE

api = create_api("metrics")


@api.get("/metrics", tags=["admin"], responses=describe_responses({}, 503, plain=True))
def get_metrics() -> Response[Any]:
    """All metrics as Prometheus text.

    Figures of the database are those of the last time that it was awake;
    `waybill_database_figures_timestamp_seconds` has the time.
    """
    return Response(HTTPStatus.OK, CONTENT_TYPE, collect_metrics(deps()))


def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle an API Gateway proxy event."""
    return api.resolve(event, context)
