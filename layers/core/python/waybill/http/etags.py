"""Entity tags: a client that has the current response gets 304 instead of it again (RFC 9110)."""

import hashlib
import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response

# A client may keep the response, and asks each time whether it is still current.
REVALIDATED = "private, no-cache"


def weak_etag(*parts: object) -> str:
    """The tag of a response that the parts, which are JSON values, determine."""
    text = json.dumps(parts, sort_keys=True)
    return f'W/"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def is_current(headers: Mapping[str, str], etag: str) -> bool:
    """Whether `If-None-Match` has the tag, compared weakly, or `*`."""
    sent = headers.get("if-none-match") or ""
    tags = {tag.strip().removeprefix("W/") for tag in sent.split(",")}
    return bool(tags & {"*", etag.removeprefix("W/")})


def etag_headers(etag: str) -> dict[str, str | list[str]]:
    """The headers of a response with a tag."""
    return {"ETag": etag, "Cache-Control": REVALIDATED}


def not_modified(etag: str) -> Response[Any]:
    """304: the client has the current response."""
    return Response(status_code=HTTPStatus.NOT_MODIFIED, body="", headers=etag_headers(etag))
