"""Responses that API Gateway sends without a function, as problem documents (RFC 9457)."""

import json
from typing import NamedTuple

from aws_cdk import aws_apigateway as apigateway

from waybill.http.problems import MEDIA_TYPE, PROBLEM_TYPES, TYPE_URL

_TYPES = apigateway.ResponseType
_RETRY_AFTER_SECONDS = 5


class _Response(NamedTuple):
    status: int
    code: str
    detail: str


# API Gateway sends this response for an unknown path and for a missing signature.
_RESPONSES = {
    "MISSING_AUTHENTICATION_TOKEN": _Response(
        404, "unknown-path", "Unknown path, or the request is not signed."
    ),
    "REQUEST_TOO_LARGE": _Response(
        413,
        "body-too-large",
        "The limit of API Gateway is 10 MB. Use POST /uploads/{dataset}.",
    ),
    "THROTTLED": _Response(429, "too-many-requests", "Too many requests. Retry later."),
    "QUOTA_EXCEEDED": _Response(429, "too-many-requests", "The quota is exhausted."),
    "INTEGRATION_TIMEOUT": _Response(504, "gateway-timeout", "The request timed out. Retry it."),
}


def gateway_responses(rest: apigateway.RestApi) -> None:
    """Make `rest` send problem documents for its own errors."""
    for kind, response in _RESPONSES.items():
        headers = {"Access-Control-Allow-Origin": "'*'", "Content-Type": f"'{MEDIA_TYPE}'"}
        if response.status in (429, 504):
            headers["Retry-After"] = f"'{_RETRY_AFTER_SECONDS}'"
        rest.add_gateway_response(
            kind.title().replace("_", ""),
            type=getattr(_TYPES, kind),
            status_code=str(response.status),
            response_headers=headers,
            # Selected by Accept; `application/json` is also the default.
            templates={"application/json": _problem(response)},
        )


def _problem(response: _Response) -> str:
    problem = {
        "type": f"{TYPE_URL}{response.code}",
        "title": PROBLEM_TYPES[response.code].title,
        "status": response.status,
        "detail": response.detail,
        # No path is known here.
        "instance": "urn:uuid:$context.requestId",
        "request_id": "$context.requestId",
    }
    return json.dumps(problem)
