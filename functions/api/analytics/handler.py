"""Answers the analytics questions: `GET /analytics/…`."""

from functools import cache
from typing import Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.api.analytics.answer import Format, answer
from functions.api.analytics.await_job import await_job
from functions.api.analytics.departments_above_average import (
    DepartmentsAboveAverage,
    HiredCursor,
    departments_above_average,
)
from functions.api.analytics.hires_by_quarter import HiresByQuarter, QuarterCursor, hires_by_quarter
from functions.api.analytics.pages import CSV_LINES, JSON_LINES
from functions.api.analytics.parameters import After, Kind, Limit, MinJob, Over, Year
from functions.api.analytics.settings import AnalyticsSettings
from waybill.database.queries import queries
from waybill.http.app import create_api
from waybill.http.cursors import read_cursor
from waybill.http.describe import answers
from waybill.http.persistent_connection import WarmDatabase

api = create_api("analytics")


@cache
def _database() -> WarmDatabase:
    return WarmDatabase(AnalyticsSettings.from_environment(), "analytics")


@api.get(
    "/analytics/hired/by-quarter",
    summary="Hires by quarter",
    tags=["analytics"],
    responses=answers({200: HiresByQuarter}, 400, 404, 422, 503, csv=True),
)
def by_quarter(
    *,
    year: Year,
    limit: Limit = None,
    after: After = None,
    kind: Kind = "json",
    min_job: MinJob = None,
) -> Response[Any]:
    """Hires of a year by department and job, one line each, with a figure per quarter."""
    place = read_cursor(after, QuarterCursor)
    _await(min_job)
    figures = _database().ask(
        lambda connection: hires_by_quarter(
            connection, year, limit=_lines(limit, kind), after=place
        )
    )
    return answer(figures, kind, api.current_event)


@api.get(
    "/analytics/departments/above-average",
    summary="Departments above average",
    tags=["analytics"],
    responses=answers({200: DepartmentsAboveAverage}, 400, 404, 422, 503, csv=True),
)
def above_average(  # noqa: PLR0913 - powertools reads the query's parameters from here
    *,
    year: Year,
    mean_over: Over = "hiring",
    limit: Limit = None,
    after: After = None,
    kind: Kind = "json",
    min_job: MinJob = None,
) -> Response[Any]:
    """Departments that hired more people in a year than the mean, most hires first."""
    place = read_cursor(after, HiredCursor)
    _await(min_job)
    figures = _database().ask(
        lambda connection: departments_above_average(
            connection, year, mean_over=mean_over, limit=_lines(limit, kind), after=place
        )
    )
    return answer(figures, kind, api.current_event)


def _lines(limit: int | None, kind: Format) -> int:
    return limit or (CSV_LINES if kind == "csv" else JSON_LINES)


def _await(job_id: UUID | None) -> None:
    if job_id is not None:
        await_job(_visibility, job_id)


def _visibility(job_id: UUID) -> str:
    seen: str = _database().ask(lambda c: queries("analytics").job_visibility(c, job=job_id))
    return seen


def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer an API Gateway proxy event."""
    return api.resolve(event, context)
