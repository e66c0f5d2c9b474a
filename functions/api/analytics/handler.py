"""GET /analytics/…: hires by quarter, and departments above average."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.api.analytics.await_job import NotFreshYet, await_job
from functions.api.analytics.cached_figures import (
    FiguresQuery,
    FiguresT,
    Reads,
    cached_figures,
    current_version,
    etag_of,
)
from functions.api.analytics.departments_above_average import HiredCursor, departments_above_average
from functions.api.analytics.deps import deps
from functions.api.analytics.format_figures import format_figures
from functions.api.analytics.hires_by_quarter import QuarterCursor, hires_by_quarter
from functions.api.analytics.models import (
    JSON_LIMIT,
    TABLE_LIMIT,
    DepartmentsAboveAverage,
    HiresByQuarter,
    LimitParam,
    MeanOverParam,
    MinJobParam,
    YearParam,
)
from waybill.database.analytics import Analytics
from waybill.database.repository import Connection
from waybill.http.app import create_api
from waybill.http.describe import describe_responses
from waybill.http.etags import etag_headers, is_current, not_modified, weak_etag
from waybill.http.media import FormatParam, Representation, accept_of, choose_representation
from waybill.http.pagination import CursorParam, decode_cursor
from waybill.http.tables import with_vary
from waybill.http.waiting import client_of, waiting

api = create_api("analytics")


@api.get(
    "/analytics/hired/by-quarter",
    tags=["analytics"],
    responses=describe_responses({200: HiresByQuarter}, 400, 404, 422, 503, tables=True, etag=True),
)
def by_quarter(
    *,
    year: YearParam,
    limit: LimitParam = None,
    cursor: CursorParam = None,
    output: FormatParam = None,
    min_job: MinJobParam = None,
) -> Response[Any]:
    """Hires by quarter.

    One line per department and job, ordered by department, then job. A request with the `ETag`
    of an earlier response in `If-None-Match` is answered 304 while the figures are the same.
    Parquet and Arrow need their media type first in `Accept`.
    """
    chosen = choose_representation(accept_of(api.current_event), output)
    after = decode_cursor(cursor, QuarterCursor)
    lines = _limit(limit, chosen)
    return _respond(
        _await(min_job),
        FiguresQuery("by-quarter", year, {"limit": lines, "cursor": cursor}),
        chosen,
        HiresByQuarter,
        lambda connection: hires_by_quarter(connection, year, limit=lines, after=after),
    )


@api.get(
    "/analytics/departments/above-average",
    tags=["analytics"],
    responses=describe_responses(
        {200: DepartmentsAboveAverage}, 400, 404, 422, 503, tables=True, etag=True
    ),
)
def above_average(  # noqa: PLR0913 - Powertools reads the query parameters from the signature
    *,
    year: YearParam,
    mean_over: MeanOverParam = "hiring",
    limit: LimitParam = None,
    cursor: CursorParam = None,
    output: FormatParam = None,
    min_job: MinJobParam = None,
) -> Response[Any]:
    """Departments above average.

    The departments whose hires in the year exceed the mean, most hires first. Parquet and Arrow
    need their media type first in `Accept`.
    """
    chosen = choose_representation(accept_of(api.current_event), output)
    after = decode_cursor(cursor, HiredCursor)
    lines = _limit(limit, chosen)
    parameters = {"mean_over": mean_over, "limit": lines, "cursor": cursor}
    return _respond(
        _await(min_job),
        FiguresQuery("above-average", year, parameters),
        chosen,
        DepartmentsAboveAverage,
        lambda connection: departments_above_average(
            connection, year, mean_over=mean_over, limit=lines, after=after
        ),
    )


def _respond(
    reads: Reads,
    query: FiguresQuery,
    output: Representation,
    model: type[FiguresT],
    read: Callable[[Connection], FiguresT],
) -> Response[Any]:
    version = current_version(deps(), reads, query)
    etag = weak_etag(etag_of(query, version), output)
    if is_current(api.current_event.headers, etag):
        return with_vary(not_modified(etag))
    figures = cached_figures(deps(), query, version, model, lambda: reads.run(read))
    response = format_figures(figures, output, api.current_event)
    response.headers.update(etag_headers(etag))
    return with_vary(response)


def _limit(limit: int | None, output: Representation) -> int:
    return limit or (JSON_LIMIT if output == "json" else TABLE_LIMIT)


def _await(job_id: UUID | None) -> Reads:
    """Where to read, once the figures there include the job: a reader may be behind."""
    if job_id is None:
        return deps().replica
    if _visibility(job_id) == "visible":
        return deps().database
    with waiting(
        deps().database, "figures", client_of(api.current_event), deps().waits
    ) as may_wait:
        if not may_wait:
            raise NotFreshYet("not-fresh-yet", "Too many requests wait for jobs.")
        await_job(_visibility, job_id)
    return deps().database


def _visibility(job_id: UUID) -> str:
    return deps().database.run(lambda connection: Analytics(connection).job_visibility(job_id))


def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle an API Gateway proxy event."""
    return api.resolve(event, context)
