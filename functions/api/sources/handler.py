"""/data-sources: create, list, change and delete sources. For administrators."""

from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Path
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.api.sources.check_source import check_source
from functions.api.sources.deps import deps
from functions.api.sources.list_sources import list_sources
from functions.api.sources.models import (
    DataSource,
    DataSourcePage,
    JobRequest,
    JobStarted,
    SourceChecked,
)
from functions.api.sources.save_source import (
    delete_source,
    parse_source_id,
    read_source,
    save_source,
    unknown_source,
)
from functions.api.sources.schedule_event import start_scheduled
from functions.api.sources.start_run import start_object, start_source
from waybill import telemetry
from waybill.errors import NotFound
from waybill.http.app import create_api
from waybill.http.describe import describe_responses
from waybill.http.links import base_url
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
    deps().state.next_publication.request()
    source = save_source(deps().database, request, api.caller)
    deps().schedules.keep(UUID(source["id"]), request.schedule)
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
    deps().state.next_publication.request()
    source = save_source(deps().database, request, api.caller, parse_source_id(source_id))
    deps().schedules.keep(UUID(source["id"]), request.schedule)
    api.logger.info("source changed", action="source.changed", source=request.name)
    return json_response(source)


@api.delete(
    "/data-sources/<source_id>",
    tags=["sources"],
    responses=describe_responses({204: None}, 404, 409, 503),
)
def remove_source(source_id: SourceId) -> Response[Any]:
    """Delete a source; what it loaded stays, and a run that has begun goes on."""
    parsed = parse_source_id(source_id)
    delete_source(deps().database, parsed, api.caller)
    deps().schedules.keep(parsed, None)
    api.logger.info("source deleted", action="source.deleted")
    return Response(status_code=HTTPStatus.NO_CONTENT, body="")


@api.post(
    "/data-sources/<source_id>/test",
    tags=["sources"],
    responses=describe_responses({200: SourceChecked}, 404, 422, 503),
)
def test_source(source_id: SourceId) -> Response[Any]:
    """Check the connection of a source, and show its first five records.

    Nothing is loaded. Of a source of objects, the first objects are shown.
    """
    source = read_source(deps().database, parse_source_id(source_id))
    return json_response(SourceChecked(records=check_source(deps(), source)))


@api.post(
    "/jobs",
    tags=["jobs"],
    responses=describe_responses({202: JobStarted}, 400, 404, 409, 413, 415, 422, 503),
)
def post_job(request: Annotated[JobRequest, Body()]) -> Response[Any]:
    """Run a source now, or load an object of another bucket into a dataset."""
    if request.source_id is not None:
        source = read_source(deps().database, request.source_id)
        if not api.principal.sees(source["dataset"]):
            raise unknown_source(str(request.source_id))
        job_id = start_source(deps(), request.source_id, api.caller)
    else:
        target = request.target()
        if not api.principal.sees(target.dataset):
            raise NotFound("unknown-dataset", f"There is no dataset {target.dataset!r}.")
        job_id = start_object(deps(), target, request.options, api.caller)
    api.logger.info("run started", action="source.started", started=str(job_id))
    headers: dict[str, str | list[str]] = {
        "Location": f"{base_url(api.current_event)}/jobs/{job_id}",
        "Retry-After": "1",
    }
    return json_response(JobStarted(job_id=job_id), HTTPStatus.ACCEPTED, headers=headers)


def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle an API Gateway proxy event, or the event of a source's schedule."""
    if "source_id" in event:
        telemetry.start("sources", deps().settings)
        return start_scheduled(deps(), UUID(event["source_id"]))
    return api.resolve(event, context)
