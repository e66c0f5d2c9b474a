"""Responses that API Gateway sends without a function, as problem documents (RFC 9457)."""

import json
from http import HTTPStatus
from typing import NamedTuple

from aws_cdk import aws_apigateway as apigateway

from waybill.http.cors import readable
from waybill.http.problem_types import PROBLEM_TYPES
from waybill.http.problems import MEDIA_TYPE, TYPE_URL
from waybill.http.responses import CHALLENGE
from waybill.http.security_headers import SECURITY_HEADERS

_RETRY_AFTER_SECONDS = 5


class _Response(NamedTuple):
    status: int
    code: str
    detail: str


_INTERNAL = "An internal error occurred; it was logged."
# Every type that this API can meet, so that none is left to API Gateway's own form, which pages
# of other origins cannot read.
_RESPONSES = {
    # API Gateway's name for an unknown path; a missing token is UNAUTHORIZED.
    "MISSING_AUTHENTICATION_TOKEN": _Response(404, "unknown-path", "There is no such path."),
    "UNAUTHORIZED": _Response(401, "unauthorized", "The token is missing, invalid or expired."),
    "EXPIRED_TOKEN": _Response(401, "unauthorized", "The credentials have expired."),
    "INVALID_SIGNATURE": _Response(401, "unauthorized", "The signature is not valid."),
    "INVALID_API_KEY": _Response(403, "forbidden", "The API key is not valid."),
    "ACCESS_DENIED": _Response(403, "forbidden", "The request is not allowed."),
    "WAF_FILTERED": _Response(403, "forbidden", "The request was filtered."),
    # The authorizer failed, such as when the issuer's keys could not be fetched.
    "AUTHORIZER_FAILURE": _Response(503, "overloaded", "Tokens cannot be checked. Retry later."),
    "AUTHORIZER_CONFIGURATION_ERROR": _Response(
        503, "overloaded", "Tokens cannot be checked. Retry later."
    ),
    "RESOURCE_NOT_FOUND": _Response(404, "unknown-path", "There is no such path."),
    "REQUEST_TOO_LARGE": _Response(
        413,
        "body-too-large",
        "The limit of API Gateway is 10 MB. Use POST /uploads/{dataset}.",
    ),
    "UNSUPPORTED_MEDIA_TYPE": _Response(
        415, "unsupported-media", "The path does not accept this media type."
    ),
    "BAD_REQUEST_BODY": _Response(400, "malformed-body", "The body cannot be read."),
    "BAD_REQUEST_PARAMETERS": _Response(400, "invalid-request", "A parameter is invalid."),
    "THROTTLED": _Response(429, "too-many-requests", "Too many requests. Retry later."),
    "QUOTA_EXCEEDED": _Response(429, "too-many-requests", "The quota is exhausted."),
    "INTEGRATION_TIMEOUT": _Response(504, "gateway-timeout", "The request timed out. Retry it."),
    # The function could not be invoked: all that are reserved for it are busy.
    "INTEGRATION_FAILURE": _Response(503, "overloaded", "The service is overloaded. Retry later."),
    "API_CONFIGURATION_ERROR": _Response(500, "internal-error", _INTERNAL),
    "DEFAULT_4XX": _Response(400, "invalid-request", "The request is refused."),
    "DEFAULT_5XX": _Response(503, "overloaded", "The service is overloaded. Retry later."),
}


def gateway_responses(rest: apigateway.RestApi, origin: str | None) -> None:
    """Make `rest` send problem documents for its own errors, which pages of `origin` can read."""
    for kind, response in _RESPONSES.items():
        headers = {"Content-Type": MEDIA_TYPE, **SECURITY_HEADERS} | readable(origin)
        if response.status == HTTPStatus.UNAUTHORIZED:
            headers["WWW-Authenticate"] = CHALLENGE
        if response.status in (429, 503, 504):
            headers["Retry-After"] = str(_RETRY_AFTER_SECONDS)
        rest.add_gateway_response(
            kind.title().replace("_", ""),
            type=apigateway.ResponseType.of(kind),
            status_code=str(response.status),
            response_headers={name: f"'{value}'" for name, value in headers.items()},
            # Selected by Accept; `application/json` is also the default.
            templates={"application/json": problem_template(*response)},
        )


def problem_template(status: int, code: str, detail: str) -> str:
    """A problem document as a mapping template of API Gateway."""
    problem = {
        "type": f"{TYPE_URL}{code}",
        "title": PROBLEM_TYPES[code].title,
        "status": status,
        "detail": detail,
        # No path is known here.
        "instance": "urn:uuid:$context.requestId",
        "request_id": "$context.requestId",
    }
    return json.dumps(problem)
