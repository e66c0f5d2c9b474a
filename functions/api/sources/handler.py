"""/data-sources: create, list, change and delete sources. For administrators."""

from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Path
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.api.sources.deps import deps
from functions.api.sources.list_sources import list_sources
from functions.api.sources.models import DataSource, DataSourcePage
from functions.api.sources.save_source import (
    delete_source,
    parse_source_id,
    read_source,
    save_source,
)
from waybill.http.app import create_api
from waybill.http.describe import describe_responses
from waybill.http.pagination import CursorParam, PageLimit
from waybill.http.responses import json_response
from waybill.sources.definition import SourceDefinition

api = create_api("sources")
SourceId = Annotated[str, Path()]
SourceBody = Annotated[SourceDefinition, Body()]


@api.get(
    "/data-sources",
    tags=["sources"],
    responses=describe_responses({200: DataSourcePage}, 400, 422, 503),
)
def get_sources(limit: PageLimit = 50, cursor: CursorParam = None) -> Response[Any]:
    """List the sources, by name, with how old their data are."""
    return json_response(list_sources(deps().database, limit, cursor))


@api.post(
    "/data-sources",
    tags=["sources"],
    responses=describe_responses({201: DataSource}, 400, 409, 413, 415, 422, 503),
)
def post_source(request: SourceBody) -> Response[Any]:
    """Create a source.

    Credentials are in Secrets Manager; the connection has the secret's ARN.
    """
    source = save_source(deps().database, request, api.caller)
    api.logger.info("source created", action="source.created", source=request.name)
    return json_response(source, HTTPStatus.CREATED)


@api.get(
    "/data-sources/<source_id>",
    tags=["sources"],
    responses=describe_responses({200: DataSource}, 404, 503),
)
def get_source(source_id: SourceId) -> Response[Any]:
    """Get a source, with how old its data are."""
    return json_response(read_source(deps().database, parse_source_id(source_id)))


@api.put(
    "/data-sources/<source_id>",
    tags=["sources"],
    responses=describe_responses({200: DataSource}, 400, 404, 409, 413, 415, 422, 503),
)
def put_source(source_id: SourceId, request: SourceBody) -> Response[Any]:
    """Change a source.

    It keeps its cursor, unless the request has one: then the next run begins there.
    """
    source = save_source(deps().database, request, api.caller, parse_source_id(source_id))
    api.logger.info("source changed", action="source.changed", source=request.name)
    return json_response(source)


@api.delete(
    "/data-sources/<source_id>",
    tags=["sources"],
    responses=describe_responses({204: None}, 404, 409, 503),
)
def remove_source(source_id: SourceId) -> Response[Any]:
    """Delete a source; what it loaded stays, and a run that has begun goes on."""
    delete_source(deps().database, parse_source_id(source_id), api.caller)
    api.logger.info("source deleted", action="source.deleted")
    return Response(status_code=HTTPStatus.NO_CONTENT, body="")


def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle an API Gateway proxy event."""
    return api.resolve(event, context)
