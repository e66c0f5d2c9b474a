"""Format analytics figures as JSON or CSV."""

from typing import Any
from urllib.parse import urlencode

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

from functions.api.analytics.models import (
    DepartmentsAboveAverage,
    Figures,
    Format,
    HiredItem,
    HiresByQuarter,
    QuarterItem,
)
from waybill.http.csv_text import csv_lines
from waybill.http.links import base_url
from waybill.http.media import CSV
from waybill.http.responses import json_response

_COLUMNS = {
    HiresByQuarter: list(QuarterItem.model_fields),
    DepartmentsAboveAverage: list(HiredItem.model_fields),
}


def format_figures(figures: Figures, output: Format, event: APIGatewayProxyEvent) -> Response[Any]:
    """The response with the figures.

    With CSV, the values beside the items are headers: `Waybill-As-Of`, `Waybill-Unassigned`,
    `Waybill-Mean`. The next page is linked (`Link: <…>; rel="next"`).
    """
    headers: dict[str, str | list[str]] = {}
    if figures.next_cursor:
        headers["Link"] = f'<{_next_url(figures.next_cursor, event)}>; rel="next"'
    if output == "json":
        return json_response(figures, headers=headers)
    values = figures.model_dump(mode="json", exclude={"items", "next_cursor"}, exclude_none=True)
    for name, value in values.items():
        headers[f"Waybill-{name.replace('_', '-').title()}"] = str(value)
    columns = _COLUMNS[type(figures)]
    rows = ([getattr(item, column) for column in columns] for item in figures.items)
    headers["Content-Disposition"] = 'inline; filename="analytics.csv"'
    return Response(
        status_code=200, content_type=CSV, body=csv_lines([columns, *rows]), headers=headers
    )


def _next_url(cursor: str, event: APIGatewayProxyEvent) -> str:
    query = dict(event.resolved_query_string_parameters) | {"cursor": [cursor]}
    # The first page has waited for the job; the others need not.
    query.pop("min_job", None)
    return f"{base_url(event)}{event.path}?{urlencode(query, doseq=True)}"
