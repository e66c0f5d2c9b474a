"""URLs of this API, as the client sees them."""

import os
from urllib.parse import urlencode, urlsplit

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent


def base_url(event: APIGatewayProxyEvent) -> str:
    """The URL of the API including its stage, without a trailing slash.

    The event has the full request path and the path below the stage. The local stack serves the
    API below `/api`, and removes that from both, so it is added if the host is the emulator's.
    """
    host = event.headers.get("host") or event.request_context.domain_name or ""
    base = event.request_context.path.removesuffix(event.path)
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    if endpoint and host == urlsplit(endpoint).netloc:
        base = f"/api{base}"
    # API Gateway serves HTTPS only; a proxy in front must not make it write other links.
    forwarded = event.headers.get("x-forwarded-proto") if endpoint else "https"
    scheme = "https" if forwarded == "https" else "http"
    return f"{scheme}://{host}{base}"


def next_link(event: APIGatewayProxyEvent, cursor: str, *, without: str = "") -> str:
    """The value of `Link` for the next page: this request with the cursor.

    The parameter `without` is left out.
    """
    query = dict(event.resolved_query_string_parameters) | {"cursor": [cursor]}
    query.pop(without, None)
    return f'<{base_url(event)}{event.path}?{urlencode(query, doseq=True)}>; rel="next"'
