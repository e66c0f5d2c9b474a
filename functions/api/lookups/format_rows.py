"""Rows as JSON; their text comes from the database, and numbers keep every digit."""

import json
from collections.abc import Iterable
from typing import Any

from aws_lambda_powertools.event_handler import Response

from functions.api.lookups.look_up import Found
from waybill.database.lookups import ExplainedRow, FoundRow
from waybill.http.pagination import Page
from waybill.http.responses import json_text

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


def format_page(page: Page[FoundRow]) -> Response[Any]:
    """The response with a page of rows."""
    items = ",".join(row.item for row in page.items)
    return json_text(f'{{"items":[{items}],"next_cursor":{json.dumps(page.next_cursor)}}}')


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
