"""The answer of an analytics question in the format that was asked for."""

from typing import Any, Literal
from urllib.parse import urlencode

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

from functions.api.analytics.departments_above_average import DepartmentsAboveAverage, HiredItem
from functions.api.analytics.hires_by_quarter import HiresByQuarter, QuarterItem
from waybill.http.csv_text import csv_lines
from waybill.http.links import base_url
from waybill.http.responses import json_answer

Format = Literal["json", "csv"]
Figures = HiresByQuarter | DepartmentsAboveAverage
_COLUMNS = {
    HiresByQuarter: list(QuarterItem.model_fields),
    DepartmentsAboveAverage: list(HiredItem.model_fields),
}


def answer(figures: Figures, kind: Format, event: APIGatewayProxyEvent) -> Response[Any]:
    """The figures as JSON or CSV.

    What stands around the items in JSON is in headers beside a CSV: `Waybill-As-Of`,
    `Waybill-Unassigned`, `Waybill-Mean`. A next page is linked (`Link: <…>; rel="next"`).
    """
    headers: dict[str, str | list[str]] = {}
    if figures.next_cursor:
        headers["Link"] = f'<{_next_page(figures.next_cursor, event)}>; rel="next"'
    if kind == "json":
        return json_answer(figures, headers=headers)
    around = figures.model_dump(mode="json", exclude={"items", "next_cursor"}, exclude_none=True)
    for name, value in around.items():
        headers[f"Waybill-{name.replace('_', '-').title()}"] = str(value)
    header = _COLUMNS[type(figures)]
    rows = ([getattr(item, column) for column in header] for item in figures.items)
    headers["Content-Disposition"] = 'inline; filename="analytics.csv"'
    return Response(
        status_code=200,
        content_type="text/csv; charset=utf-8",
        body=csv_lines([header, *rows]),
        headers=headers,
    )


def _next_page(cursor: str, event: APIGatewayProxyEvent) -> str:
    asked = dict(event.resolved_query_string_parameters) | {"cursor": [cursor]}
    # The first page waited for the job; the next ones need not.
    asked.pop("min_job", None)
    return f"{base_url(event)}{event.path}?{urlencode(asked, doseq=True)}"
