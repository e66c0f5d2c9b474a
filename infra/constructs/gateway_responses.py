"""What the gateway answers by itself, before any function is asked: problems like all others."""

import json
from typing import NamedTuple

from aws_cdk import aws_apigateway as apigateway

from waybill.http.problems import ADDRESS, MEDIA_TYPE, PROBLEM_TYPES

_KINDS = apigateway.ResponseType
_PATIENCE_SECONDS = 5


class _Answer(NamedTuple):
    status: int
    code: str
    detail: str


# The gateway says 403 of a path that it does not know, and the same of a missing signature.
_ANSWERS = {
    "MISSING_AUTHENTICATION_TOKEN": _Answer(
        404, "unknown-path", "Nothing is served here, or not to requests without a signature."
    ),
    "REQUEST_TOO_LARGE": _Answer(
        413, "body-too-large", "The gateway takes no such body; ask POST /uploads/{dataset}."
    ),
    "THROTTLED": _Answer(429, "too-many-requests", "Too many requests; try again."),
    "QUOTA_EXCEEDED": _Answer(429, "too-many-requests", "The quota is used up."),
    "INTEGRATION_TIMEOUT": _Answer(504, "gateway-timeout", "No answer came in time; try again."),
}


def gateway_responses(rest: apigateway.RestApi) -> None:
    """Let `rest` answer with problems (RFC 9457) where no function does."""
    for kind, answer in _ANSWERS.items():
        headers = {"Access-Control-Allow-Origin": "'*'", "Content-Type": f"'{MEDIA_TYPE}'"}
        if answer.status in (429, 504):
            headers["Retry-After"] = f"'{_PATIENCE_SECONDS}'"
        rest.add_gateway_response(
            kind.title().replace("_", ""),
            type=getattr(_KINDS, kind),
            status_code=str(answer.status),
            response_headers=headers,
            # Chosen by what the client accepts; this key is also what all others get.
            templates={"application/json": _problem(answer)},
        )


def _problem(answer: _Answer) -> str:
    problem = {
        "type": f"{ADDRESS}{answer.code}",
        "title": PROBLEM_TYPES[answer.code].title,
        "status": answer.status,
        "detail": answer.detail,
        # The gateway knows no more of a path that it does not know.
        "instance": "urn:uuid:$context.requestId",
        "request_id": "$context.requestId",
    }
    return json.dumps(problem)
