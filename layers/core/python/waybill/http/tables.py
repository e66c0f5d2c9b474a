"""Responses with rows in one of several representations."""

import base64
import hashlib
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

from waybill.errors import TooLarge
from waybill.http.etags import etag_headers, is_current, not_modified
from waybill.http.pagination import MAX_PAGE_BYTES
from waybill.tables.formats import MEDIA_TYPES, TableFormat

MAX_BINARY_BYTES = MAX_PAGE_BYTES * 3 // 4
"""Of a body that is sent to API Gateway in base64."""


def table_response(
    body: str | bytes, file_format: TableFormat, name: str, headers: dict[str, str | list[str]]
) -> Response[Any]:
    """The response with a file called `name`, which has letters, digits and `_` only.

    Raises:
        TooLarge: `response-too-large`, bytes do not fit into a response.
    """
    if isinstance(body, bytes) and len(body) > MAX_BINARY_BYTES:
        detail = (
            f"The rows are {len(body)} bytes of {file_format}, and a response has at most"
            f" {MAX_BINARY_BYTES}: lower `limit`, or export the dataset."
        )
        raise TooLarge("response-too-large", detail)
    response: Response[Any] = Response(
        status_code=HTTPStatus.OK,
        content_type=MEDIA_TYPES[file_format],
        # Powertools would serialize bytes as text.
        body=base64.b64encode(body).decode() if isinstance(body, bytes) else body,
        headers={
            "Content-Disposition": f'inline; filename="{name}.{file_format}"',
            **headers,
        },
    )
    response.base64_encoded = isinstance(body, bytes)
    return response


def tagged(response: Response[Any], event: APIGatewayProxyEvent) -> Response[Any]:
    """The response with an entity tag of its body; 304 if the client has it."""
    digest = hashlib.sha256(f"{response.content_type}\n{response.body}".encode()).hexdigest()
    # Weak: the gateway may compress it.
    etag = f'W/"{digest[:32]}"'
    if is_current(event.headers, etag):
        return with_vary(not_modified(etag))
    response.headers.update(etag_headers(etag))
    return with_vary(response)


def with_vary(response: Response[Any]) -> Response[Any]:
    """The response, marked as one of several representations."""
    response.headers["Vary"] = "Accept"
    return response
