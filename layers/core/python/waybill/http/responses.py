"""JSON and problem responses."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent
from pydantic_core import to_json

from waybill.errors import Retryable, TooMany, Unauthorized, WaybillError
from waybill.http.problems import MEDIA_TYPE, TYPE_URL, Problem, public_meaning, title_of

CHALLENGE = 'Bearer realm="waybill"'
"""The value of WWW-Authenticate in a 401 response (RFC 6750)."""


def json_response(
    body: object,
    status: HTTPStatus = HTTPStatus.OK,
    headers: Mapping[str, str | list[str]] | None = None,
) -> Response[Any]:
    """`body` as JSON; models, UUIDs and times are serialised as pydantic does."""
    return Response(
        status_code=status,
        content_type="application/json",
        body=to_json(body).decode(),
        headers=headers,
    )


def json_text(body: str) -> Response[Any]:
    """Text that is JSON already, such as a document of the database."""
    return Response(status_code=HTTPStatus.OK, content_type="application/json", body=body)


def _detail(error: WaybillError) -> str:
    # A driver's message may name hosts and roles: it is logged, but never sent to clients.
    is_internal = isinstance(error, Retryable) or error.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return public_meaning(error.code) if is_internal else error.detail


def problem_response(error: WaybillError, event: APIGatewayProxyEvent) -> Response[Any]:
    """The error as a problem, with `Retry-After` if a retry may succeed."""
    problem = Problem(
        type=f"{TYPE_URL}{error.code}",
        title=title_of(error),
        status=error.status,
        detail=_detail(error),
        instance=event.request_context.path or event.path,
        request_id=event.request_context.request_id or "",
        errors=list(error.field_errors[: error.max_field_errors]) or None,
        errors_total=len(error.field_errors) or None,
    )
    headers: dict[str, str | list[str]] = {}
    if isinstance(error, Retryable | TooMany):
        headers["Retry-After"] = str(error.retry_after_seconds)
    if isinstance(error, Unauthorized):
        headers["WWW-Authenticate"] = CHALLENGE
    return Response(
        status_code=error.status,
        content_type=MEDIA_TYPE,
        body=problem.model_dump_json(exclude_none=True),
        headers=headers,
    )
