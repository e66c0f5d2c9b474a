"""GET /users/…, /datasets/{name}/lookups/…, /datasets/{name}/rows: rows by value.

Also exports of datasets, and their archived partitions.

Which columns there are, and which strategies, is declared with the dataset. `/users/…` is short
for `/datasets/users/lookups/…`.
"""

from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.api.lookups.column_values import fitting_lookups, lookup_values, searched_values
from functions.api.lookups.deps import deps
from functions.api.lookups.export_rows import create_export, find_export
from functions.api.lookups.format_rows import format_comparison, format_found, format_rows
from functions.api.lookups.list_rows import RowCursor, RowsQuery, list_rows
from functions.api.lookups.look_up import look_up
from functions.api.lookups.models import (
    ArchivedPartition,
    ArchivedPartitions,
    Comparison,
    Export,
    ExportRequest,
    LookupResult,
    RestoreRequest,
    RowPage,
)
from functions.api.lookups.partitions import list_partitions, restore_partition
from waybill.errors import NotFound
from waybill.http.app import create_api
from waybill.http.describe import describe_responses
from waybill.http.links import base_url
from waybill.http.media import FormatParam, accept_of, choose_representation
from waybill.http.pagination import CursorParam, PageLimit, decode_cursor
from waybill.http.personal_reads import view_of
from waybill.http.responses import json_response

_USERS = "users"
_PAGING = ("limit", "cursor", "format")
api = create_api(
    "lookups",
    open_queries=(
        "/users/compare",
        "/users/{strategy}",
        "/datasets/{name}/lookups/compare",
        "/datasets/{name}/lookups/{strategy}",
        "/datasets/{name}/rows",
    ),
)
Name = Annotated[str, Path()]
Strategy = Annotated[str, Path(description="Name of a strategy of the dataset.")]
_ONE = describe_responses({200: LookupResult}, 404, 422, 503)
_ALL = describe_responses({200: Comparison}, 404, 422, 503)


@api.get("/users/compare", tags=["lookups"], responses=_ALL)
def compare_users() -> Response[Any]:
    """Look up a user by every strategy that the given columns fit, side by side."""
    return _compare(_USERS)


@api.get("/users/<strategy>", tags=["lookups"], responses=_ONE)
def get_user(strategy: Strategy) -> Response[Any]:
    """Look up a user by one strategy: scan, indexed, partial, composite or cached."""
    return _look_up(_USERS, strategy)


@api.get("/datasets/<name>/lookups/compare", tags=["lookups"], responses=_ALL)
def compare_lookups(name: Name) -> Response[Any]:
    """Look up a row by every strategy of the dataset that the given columns fit, side by side."""
    return _compare(name)


@api.get("/datasets/<name>/lookups/<strategy>", tags=["lookups"], responses=_ONE)
def get_lookup(name: Name, strategy: Strategy) -> Response[Any]:
    """Look up a row by one strategy of the dataset.

    The columns of the strategy are query parameters. Personal values are `[masked]` for callers
    without the right to them.
    """
    return _look_up(name, strategy)


@api.get(
    "/datasets/<name>/rows",
    tags=["lookups"],
    responses=describe_responses({200: RowPage}, 400, 404, 413, 422, 503, tables=True, etag=True),
)
def get_rows(
    name: Name, limit: PageLimit = 50, cursor: CursorParam = None, output: FormatParam = None
) -> Response[Any]:
    """List rows by the values of searchable columns.

    Give at least one searchable column as a query parameter; the error for any other column lists
    the searchable ones. Personal values are `[masked]` for callers without the right to them.
    In other formats than JSON the next page is in `Link`; Parquet and Arrow need their media type
    first in `Accept`. All rows of a dataset are an export. Archived rows are not among them.
    """
    chosen = choose_representation(accept_of(api.current_event), output)
    contract = deps().contracts.get(name)
    given = {name: values for name, values in _query().items() if name not in _PAGING}
    values = searched_values(given, contract.searchable)
    after = decode_cursor(cursor, RowCursor)
    view = view_of(api, name, contract)
    query = RowsQuery(values, limit, after, view, chosen)
    found = list_rows(deps(), contract, query)
    return format_rows(found, chosen, name, api.current_event)


@api.post(
    "/datasets/<name>/exports",
    tags=["exports"],
    responses=describe_responses({202: Export}, 400, 404, 409, 413, 415, 422, 503),
)
def post_export(name: Name, body: ExportRequest) -> Response[Any]:
    """Export all rows of a dataset into files: CSV, JSON Lines, Parquet or Arrow.

    The files have the columns that files of the dataset fill, and are of one state of its rows.
    Those of archived partitions are not in them; `archived_partitions` names these.
    Personal values are `[masked]` for callers without the right to them.
    """
    contract = deps().contracts.get(name)
    export = create_export(deps(), name, body, view_of(api, name, contract))
    url = f"{base_url(api.current_event)}/datasets/{name}/exports/{export['export_id']}"
    return json_response(export, HTTPStatus.ACCEPTED, headers={"Location": url})


@api.get(
    "/datasets/<name>/exports/<export_id>",
    tags=["exports"],
    responses=describe_responses({200: Export}, 404, 503),
)
def get_export(name: Name, export_id: Annotated[str, Path()]) -> Response[Any]:
    """Get an export of one's own; when it is completed, with URLs to download its files."""
    view = view_of(api, name)
    is_admin = api.principal.has("admin")
    return json_response(find_export(deps(), name, export_id, view, is_admin=is_admin))


@api.get(
    "/datasets/<name>/partitions",
    tags=["lake"],
    responses=describe_responses({200: ArchivedPartitions}, 404, 503),
)
def get_partitions(name: Name) -> Response[Any]:
    """List the partitions of a dataset that are, were or are being archived, oldest first.

    `athena` is the table with which Athena reads them.
    """
    deps().contracts.get(name)
    return json_response(list_partitions(deps(), name))


@api.post(
    "/datasets/<name>/partitions/<partition>/restore",
    tags=["lake"],
    responses=describe_responses({202: ArchivedPartition}, 400, 404, 409, 413, 415, 422, 503),
)
def post_restore(
    name: Name, partition: Annotated[str, Path()], body: RestoreRequest
) -> Response[Any]:
    """Restore an archived partition into its table, by the same checks as it was archived.

    It is done when its state is RESTORED; if it fails, it is ARCHIVED again, with an error.
    """
    deps().contracts.get(name)
    found = restore_partition(deps(), name, partition, body, api.caller)
    return json_response(found, HTTPStatus.ACCEPTED)


def _look_up(name: str, strategy: str) -> Response[Any]:
    contract = deps().contracts.get(name)
    if strategy not in contract.lookups:
        known = ", ".join(contract.lookups) or "none"
        raise NotFound("unknown-path", f"Strategies of {name}: {known}.")
    values = lookup_values(_query(), contract.lookups[strategy])
    return format_found(look_up(deps(), contract, strategy, values, view_of(api, name, contract)))


def _compare(name: str) -> Response[Any]:
    contract = deps().contracts.get(name)
    if not contract.lookups:
        raise NotFound("unknown-path", f"{name} has no strategies.")
    query, view = _query(), view_of(api, name, contract)
    requests = fitting_lookups(query, contract.lookups)
    return format_comparison(
        look_up(deps(), contract, strategy, values, view) for strategy, values in requests.items()
    )


def _query() -> dict[str, list[str]]:
    return api.current_event.resolved_query_string_parameters


def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle an API Gateway proxy event."""
    return api.resolve(event, context)
