"""GET /admin/queries: what queries cost; GET /audit-logs: who did what. For administrators."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.api.queries.deps import deps
from functions.api.queries.list_audit import list_audit
from functions.api.queries.models import AuditPage, AuditQuery, QueryReport
from functions.api.queries.report_queries import report_queries
from waybill.http.app import create_api
from waybill.http.describe import describe_responses
from waybill.http.pagination import CursorParam, PageLimit
from waybill.http.responses import json_response

api = create_api("queries")
AuditAction = Annotated[
    str | None, Query(pattern=r"^[a-z.]{1,64}$", examples=["job.cancelled", "rejects.read"])
]
AuditActor = Annotated[
    str | None, Query(pattern=r"^[^\x00]{1,256}$", description="Subject of the token.")
]


@api.get(
    "/admin/queries", tags=["admin"], responses=describe_responses({200: QueryReport}, 422, 503)
)
def get_queries(limit: PageLimit = 50) -> Response[Any]:
    """List the queries that took the most time, and unused indexes."""
    return json_response(deps().database.run(lambda connection: report_queries(connection, limit)))


@api.get(
    "/audit-logs", tags=["admin"], responses=describe_responses({200: AuditPage}, 400, 422, 503)
)
def get_audit_logs(
    action: AuditAction = None,
    actor: AuditActor = None,
    limit: PageLimit = 50,
    cursor: CursorParam = None,
) -> Response[Any]:
    """List who did what, newest first.

    Entries are kept for a year. Redrives and refused tokens appear within five minutes.
    """
    return json_response(list_audit(deps().database, AuditQuery(action, actor, limit, cursor)))


def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle an API Gateway proxy event."""
    return api.resolve(event, context)
