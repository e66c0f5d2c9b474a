"""GET /data: documents of any shape, newest first."""

from functools import cache
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.api.documents.answer import DocumentPage
from functions.api.documents.list_documents import Wanted, list_documents
from functions.api.documents.settings import DocumentsSettings
from waybill.http.app import create_api
from waybill.http.describe import answers
from waybill.http.persistent_connection import WarmDatabase
from waybill.http.responses import json_answer

api = create_api("documents")
Page = Annotated[int | None, Query(ge=1, description="From 1; for what is further on, a cursor.")]
Limit = Annotated[int, Query(ge=1, le=500)]
CursorText = Annotated[str | None, Query(description="`next_cursor` of the page before.")]


@cache
def database() -> WarmDatabase:
    """The connection, kept for the life of the process."""
    return WarmDatabase(DocumentsSettings.from_environment(), "documents")


@api.get("/data", tags=["documents"], responses=answers({200: DocumentPage}, 400, 422, 503))
def get_data(page: Page = None, limit: Limit = 50, cursor: CursorText = None) -> Response[Any]:
    """List documents, newest first, by page or from a cursor."""
    return json_answer(list_documents(database(), Wanted(page, limit, cursor)))


def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer an API Gateway proxy event."""
    return api.resolve(event, context)
