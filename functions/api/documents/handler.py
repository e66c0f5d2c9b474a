"""/data: list documents, newest first, and delete one. /personal-data: erase a person."""

from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.api.documents.delete_document import delete_document
from functions.api.documents.deps import deps
from functions.api.documents.erase_person import erase_person
from functions.api.documents.list_documents import list_documents
from functions.api.documents.models import DocumentPage, DocumentsQuery, PersonErased
from waybill.http.app import create_api
from waybill.http.describe import describe_responses
from waybill.http.pagination import CursorParam
from waybill.http.personal_reads import view_of
from waybill.http.responses import json_response, json_text

api = create_api("documents")
Page = Annotated[
    int | None, Query(ge=1, description="From 1; use a cursor beyond the first 10,000 documents.")
]
Limit = Annotated[int, Query(ge=1, le=500)]


@api.get(
    "/data", tags=["documents"], responses=describe_responses({200: DocumentPage}, 400, 422, 503)
)
def get_data(page: Page = None, limit: Limit = 50, cursor: CursorParam = None) -> Response[Any]:
    """List documents, newest first, by page number or cursor.

    Personal values are `[masked]` for callers without the right to them.
    """
    view = view_of(api, "ingested_data")
    return json_text(list_documents(deps(), DocumentsQuery(page, limit, cursor), view))


@api.delete(
    "/data/<document_id>",
    tags=["documents"],
    responses=describe_responses({204: None}, 404, 503),
)
def delete_data(document_id: Annotated[str, Path()]) -> Response[Any]:
    """Delete a document.

    A later file or batch that contains it inserts it again, with another id.
    """
    delete_document(deps().database, document_id, api.caller)
    api.logger.info("document deleted", action="document.deleted", document_id=document_id)
    return Response(status_code=HTTPStatus.NO_CONTENT, body="")


@api.delete(
    "/personal-data/<dataset>/<key>",
    tags=["documents"],
    responses=describe_responses({200: PersonErased}, 404, 409, 422, 503),
)
def delete_personal_data(
    dataset: Annotated[str, Path()],
    key: Annotated[str, Path(description="Natural key; of several columns, as a JSON array.")],
) -> Response[Any]:
    """Erase a person: the row of the key, and its rejects and pending records.

    All files of the dataset that have landed before expire, since any of them may hold the person;
    whenever one is loaded until then, the person's records are left out and counted as `erased`.
    Repeating the request is harmless.
    """
    erased = erase_person(deps(), dataset, key, api.caller)
    # Without the key: it may be personal itself.
    api.logger.info("person erased", action="person.erased", dataset=dataset, **erased._asdict())
    return json_response(PersonErased(**erased._asdict()))


def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle an API Gateway proxy event."""
    return api.resolve(event, context)
