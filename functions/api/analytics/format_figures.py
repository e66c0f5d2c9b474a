"""Format analytics figures as JSON or CSV."""

from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

from functions.api.analytics.models import DepartmentsAboveAverage, Figures, HiresByQuarter
from waybill.http.csv_text import csv_lines
from waybill.http.links import next_link
from waybill.http.media import Representation
from waybill.http.responses import json_response
from waybill.http.tables import table_response
from waybill.tables.encode import encode_items
from waybill.tables.formats import TableColumn, TableFormat

_COLUMNS = {
    HiresByQuarter: [
        *(TableColumn(name, "text") for name in ("department", "job")),
        *(TableColumn(f"q{quarter}", "int8") for quarter in range(1, 5)),
    ],
    DepartmentsAboveAverage: [
        TableColumn("id", "int8"),
        TableColumn("department", "text"),
        TableColumn("hired", "int8"),
    ],
}


def format_figures(
    figures: Figures, output: Representation, event: APIGatewayProxyEvent
) -> Response[Any]:
    """The response with the figures.

    In other formats than JSON the values beside the items are headers: `Waybill-As-Of`,
    `Waybill-Unassigned`, `Waybill-Mean`. The next page is linked (`Link: <…>; rel="next"`).

    Raises:
        TooLarge: `response-too-large`.
    """
    headers: dict[str, str | list[str]] = {}
    if figures.next_cursor:
        # The first page has waited for the job; the others need not.
        headers["Link"] = next_link(event, figures.next_cursor, without="min_job")
    if output == "json":
        return json_response(figures, headers=headers)
    values = figures.model_dump(mode="json", exclude={"items", "next_cursor"}, exclude_none=True)
    for name, value in values.items():
        headers[f"Waybill-{name.replace('_', '-').title()}"] = str(value)
    return table_response(_encode(figures, output), output, "analytics", headers)


def _encode(figures: Figures, output: TableFormat) -> str | bytes:
    columns = _COLUMNS[type(figures)]
    if output == "csv":
        names = [column.name for column in columns]
        rows = ([getattr(item, name) for name in names] for item in figures.items)
        return csv_lines([names, *rows])
    data = encode_items(output, columns, figures.items)
    return data.decode() if output == "jsonl" else data
