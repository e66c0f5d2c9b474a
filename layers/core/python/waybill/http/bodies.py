"""Request bodies: the media types and size a route accepts, and the bytes."""

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

from waybill.errors import BadRequest

JSON = "application/json"
BODY_LIMIT_BYTES = 1 << 20


class BodySpec(NamedTuple):
    """What a route accepts as its body."""

    media_types: tuple[str, ...] = (JSON,)
    """The first is assumed if a request has no Content-Type."""
    limit_bytes: int = BODY_LIMIT_BYTES
    hint: str = ""
    """Added to the error for a larger body: what to use instead."""
    schemas: Callable[[], Mapping[str, Any]] | None = None
    """JSON Schema by media type, for OpenAPI; for JSON bodies it comes from the models."""
    required: bool = True
    """Whether each request has one, for OpenAPI; the route itself refuses a request without."""


def media_type_of(event: APIGatewayProxyEvent) -> str:
    """The media type of the request, without parameters; empty if it has none."""
    return (event.headers.get("content-type") or "").split(";")[0].strip().lower()


def body_length(event: APIGatewayProxyEvent) -> int:
    """Bytes of a base64 body; characters of a text body, which are never more than its bytes."""
    text = event.body or ""
    if not event.is_base64_encoded:
        return len(text)
    return len(text) * 3 // 4 - text[-2:].count("=")


def body_bytes(event: APIGatewayProxyEvent) -> bytes:
    """The body as it was sent.

    Raises:
        BadRequest: `malformed-body`, the event's body is not base64.
    """
    text = event.body or ""
    if not event.is_base64_encoded:
        return text.encode()
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise BadRequest("malformed-body", "The body is not valid base64.") from None
