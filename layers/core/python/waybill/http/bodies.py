"""Bodies of requests: which media types a route takes, how large, and the bytes themselves."""

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

from waybill.errors import BadRequest

JSON = "application/json"
BODY_LIMIT_BYTES = 1 << 20


class Takes(NamedTuple):
    """What a route takes as its body."""

    media_types: tuple[str, ...] = (JSON,)
    """The first is meant where a request names none."""
    limit_bytes: int = BODY_LIMIT_BYTES
    otherwise: str = ""
    """What the refusal of a larger body adds: where such a thing is to be sent."""
    schemas: Callable[[], Mapping[str, Any]] | None = None
    """JSON Schema by media type, for the description; of JSON bodies the models say it."""


def media_type_of(event: APIGatewayProxyEvent) -> str:
    """The media type that the request names, without parameters; empty if it names none."""
    return (event.headers.get("content-type") or "").split(";")[0].strip().lower()


def body_length(event: APIGatewayProxyEvent) -> int:
    """Bytes of the body; of one that came as text, its characters, which are not more."""
    length = len(event.body or "")
    return length * 3 // 4 if event.is_base64_encoded else length


def body_bytes(event: APIGatewayProxyEvent) -> bytes:
    """The body as it was sent.

    Raises:
        BadRequest: `malformed-body`, the gateway handed over what is no base64.
    """
    text = event.body or ""
    if not event.is_base64_encoded:
        return text.encode()
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise BadRequest("malformed-body", "The body is not as its encoding says.") from None
