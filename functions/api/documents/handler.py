"""GET /data: the documents, newest first."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.api.documents.deps import deps
from functions.api.documents.list_documents import list_documents
from functions.api.documents.models import DocumentPage, DocumentsQuery
from waybill.http.app import create_api
from waybill.http.describe import describe_responses
from waybill.http.pagination import CursorParam
from waybill.http.responses import json_response

api = create_api("documents")
Page = Annotated[
    int | None, Query(ge=1, description="From 1; use a cursor beyond the first 10,000 documents.")
]
Limit = Annotated[int, Query(ge=1, le=500)]


@api.get(
    "/data", tags=["documents"], responses=describe_responses({200: DocumentPage}, 400, 422, 503)
)
def get_data(page: Page = None, limit: Limit = 50, cursor: CursorParam = None) -> Response[Any]:
    """List documents, newest first, by page number or cursor."""
    return json_response(list_documents(deps().database, DocumentsQuery(page, limit, cursor)))


def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle an API Gateway proxy event."""
    return api.resolve(event, context)
