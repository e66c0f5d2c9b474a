"""GET /admin/queries: what queries cost, for administrators."""

from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.api.queries.deps import deps
from functions.api.queries.models import QueryReport
from functions.api.queries.report_queries import report_queries
from waybill.http.app import create_api
from waybill.http.describe import describe_responses
from waybill.http.pagination import PageLimit
from waybill.http.responses import json_response

api = create_api("queries")


@api.get(
    "/admin/queries", tags=["admin"], responses=describe_responses({200: QueryReport}, 422, 503)
)
def get_queries(limit: PageLimit = 50) -> Response[Any]:
    """List the queries that took the most time, and unused indexes."""
    return json_response(deps().database.run(lambda connection: report_queries(connection, limit)))


def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle an API Gateway proxy event."""
    return api.resolve(event, context)
