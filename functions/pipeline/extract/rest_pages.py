"""The pages of a REST API, by page number, offset, cursor or Link header."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urljoin

from functions.pipeline.extract.look_back import cursor_before
from functions.pipeline.extract.page import Page, later
from functions.pipeline.extract.rest_requests import RestRequests
from functions.pipeline.extract.source_error import SourceError
from waybill.exact_json import JsonError, format_json, parse_json
from waybill.outbound.http import Response, with_query
from waybill.sources.connections import RestConnection

_NEXT_LINK = re.compile(r'<([^<>]{1,4000})>\s*;[^,]*\brel\s*=\s*"?next"?', re.IGNORECASE)
Position = dict[str, Any]


def read_rest(
    api: RestRequests,
    connection: RestConnection,
    position: str | None,
    cursor_from: str | None,
    cursor: str | None,
) -> Iterator[Page]:
    """The pages from `position` on.

    Args:
        api: sends the requests.
        connection: the API.
        position: of the last page that was kept; None at the beginning.
        cursor_from: where the run begins.
        cursor: the highest value of the incremental field so far.

    Raises:
        SourceError: a page cannot be read.
    """
    incremental = connection.incremental
    if incremental and incremental.lookback and cursor_from:
        cursor_from = cursor_before(cursor_from, incremental.lookback)
    at: Position | None = json.loads(position) if position else _first(connection)
    while at is not None:
        response = api.get(_url(connection, at, cursor_from))
        document = _parse(response)
        records = _records(document, connection.records)
        for record in records:
            cursor = later(cursor, _cursor_of(connection, record))
        at = _next(connection, at, response, document, len(records))
        lines = [format_json(record) for record in records]
        yield Page(lines, None if at is None else json.dumps(at), cursor)


def _first(connection: RestConnection) -> Position:
    match connection.pages.kind:
        case "page":
            return {"page": connection.pages.first}
        case "offset":
            return {"offset": 0}
    return {}


def _url(connection: RestConnection, at: Position, cursor_from: str | None) -> str:
    if "url" in at:
        return str(at["url"])
    pages = connection.pages
    query = dict(connection.parameters)
    if connection.incremental:
        begin = cursor_from or connection.incremental.start
        query |= {connection.incremental.parameter: begin} if begin else {}
    if pages.size_parameter:
        query[pages.size_parameter] = str(pages.size)
    for kind in ("page", "offset", "cursor"):
        if kind in at:
            query[pages.parameter or kind] = str(at[kind])
    return with_query(connection.url, query)


def _next(
    connection: RestConnection, at: Position, response: Response, document: object, count: int
) -> Position | None:
    match connection.pages.kind:
        # A page with fewer records than were asked for need not be the last one.
        case "page":
            return {"page": at["page"] + 1} if count else None
        case "offset":
            return {"offset": at["offset"] + count} if count else None
        case "cursor":
            found = _at(document, connection.pages.next)
            following = {"cursor": str(found)} if found not in (None, "") else None
        case "link":
            match = _NEXT_LINK.search(response.headers.get("link", ""))
            following = {"url": urljoin(response.url, match[1])} if match else None
        case _:
            return None
    if following == at:
        raise SourceError("invalid-response", "A page names itself as the next one.")
    return following


def _parse(response: Response) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return parse_json(response.body.decode("utf-8-sig"))
    except (UnicodeDecodeError, JsonError) as error:
        reason = error.message if isinstance(error, JsonError) else "It is not UTF-8."
        raise SourceError("invalid-response", f"A page is not valid JSON. {reason}") from None


def _at(document: object, path: str | None) -> Any:  # noqa: ANN401 - any JSON value
    """The value at a path such as `meta.next`; None if there is none."""
    for name in path.split(".") if path else []:
        document = document.get(name) if isinstance(document, Mapping) else None
    return document


def _records(document: object, path: str | None) -> list[Mapping[str, Any]]:
    found = _at(document, path)
    if not isinstance(found, list) or not all(isinstance(one, Mapping) for one in found):
        place = f"at {path}" if path else "in the page"
        raise SourceError("invalid-response", f"There is no list of objects {place}.")
    return found


def _cursor_of(connection: RestConnection, record: Mapping[str, Any]) -> str | None:
    if not connection.incremental:
        return None
    value = _at(record, connection.incremental.field)
    # Numbers are texts here. The cursor is sent in a query: any other value has no use.
    return str(value) if isinstance(value, str) and value else None
