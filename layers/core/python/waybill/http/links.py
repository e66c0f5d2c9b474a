"""Addresses of this API, as the client sees them."""

import os
from urllib.parse import urlsplit

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent


def base_url(event: APIGatewayProxyEvent) -> str:
    """The API's address up to and with its stage, no slash at the end.

    API Gateway gives the whole path of the request and the part below the base. The emulator
    keeps its own prefix to itself, so it is put back when the host is the emulator's own.
    """
    host = event.headers.get("host") or event.request_context.domain_name or ""
    whole, below = event.request_context.path, event.path
    base = whole.removesuffix(below)
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    if endpoint and host == urlsplit(endpoint).netloc:
        base = f"/_aws/execute-api/{event.request_context.api_id}{base}"
    scheme = event.headers.get("x-forwarded-proto") or ("http" if endpoint else "https")
    return f"{scheme}://{host}{base}"
