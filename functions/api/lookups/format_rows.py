"""Rows in a response; their text comes from the database, and numbers keep every digit."""

import json
from collections.abc import Iterable
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

from functions.api.lookups.list_rows import RowList
from functions.api.lookups.look_up import Found
from waybill.database.lookups import ExplainedRow
from waybill.http.links import next_link
from waybill.http.media import Representation
from waybill.http.responses import json_text
from waybill.http.tables import table_response, tagged
from waybill.tables.encode import encode_lines

_UNREAD = ExplainedRow(
    item=None,
    plan_node=None,
    index_name=None,
    as_declared=None,
    rows_scanned=0,
    rows_found=0,
    buffers=0,
    planning_ms=0.0,
    execution_ms=0.0,
)


def format_found(found: Found) -> Response[Any]:
    """The response with one row."""
    return json_text(_found(found))


def format_comparison(results: Iterable[Found]) -> Response[Any]:
    """The response with the result of each strategy."""
    return json_text(f'{{"items":[{",".join(map(_found, results))}]}}')


def format_rows(
    found: RowList, representation: Representation, dataset: str, event: APIGatewayProxyEvent
) -> Response[Any]:
    """The response with a page of rows; the next one is linked if it is no JSON.

    Raises:
        Rejected: `not-representable`.
        TooLarge: `response-too-large`.
    """
    page = found.page
    texts = [row.item for row in page.items]
    if representation == "json":
        cursor = json.dumps(page.next_cursor)
        response = json_text(f'{{"items":[{",".join(texts)}],"next_cursor":{cursor}}}')
        return tagged(response, event)
    headers: dict[str, str | list[str]] = {}
    if page.next_cursor:
        headers["Link"] = next_link(event, page.next_cursor)
    data: str | bytes = "".join(f"{text}\n" for text in texts)
    if representation != "jsonl":
        data = encode_lines(representation, found.columns, texts)
    body = data.decode() if representation == "csv" and isinstance(data, bytes) else data
    return tagged(table_response(body, representation, dataset, headers), event)


def _found(found: Found) -> str:
    row = found.explained or _UNREAD
    facts = {
        "strategy": found.strategy,
        "plan_node": row.plan_node,
        "index": row.index_name,
        "as_declared": row.as_declared,
        "rows_scanned": row.rows_scanned,
        "rows_found": row.rows_found if found.explained else int(found.item is not None),
        "buffers": row.buffers,
        "planning_ms": row.planning_ms,
        "execution_ms": row.execution_ms,
        "query_time_ms": round(found.seconds * 1000, 3),
        "cache_status": found.cache_status,
        "db_queries": found.db_queries,
    }
    return f'{{"item":{found.item or "null"},{json.dumps(facts)[1:]}'
