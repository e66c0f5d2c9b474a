"""Answers: JSON, and problems."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent
from pydantic_core import to_json

from waybill.errors import Retryable, WaybillError
from waybill.http.problems import ADDRESS, MEDIA_TYPE, PROBLEM_TYPES, Problem, title_of


def json_answer(
    body: object,
    status: HTTPStatus = HTTPStatus.OK,
    headers: Mapping[str, str | list[str]] | None = None,
) -> Response[Any]:
    """`body` as JSON: models, UUIDs and times are written as API.md has them."""
    return Response(
        status_code=status,
        content_type="application/json",
        body=to_json(body).decode(),
        headers=headers,
    )


def _shown(error: WaybillError) -> str:
    # What a driver says of a fault names hosts and roles: it is for the log, not for clients.
    kind = PROBLEM_TYPES.get(error.code)
    return kind.meaning if kind and isinstance(error, Retryable) else error.detail


def problem_answer(error: WaybillError, event: APIGatewayProxyEvent) -> Response[Any]:
    """The error as a problem, with `Retry-After` where trying again makes sense."""
    problem = Problem(
        type=f"{ADDRESS}{error.code}",
        title=title_of(error),
        status=error.status,
        detail=_shown(error),
        instance=event.request_context.path or event.path,
        request_id=event.request_context.request_id or "",
        errors=list(error.field_errors[: error.max_field_errors]) or None,
        errors_total=len(error.field_errors) or None,
    )
    headers: dict[str, str | list[str]] = {}
    if isinstance(error, Retryable):
        headers["Retry-After"] = str(error.retry_after_seconds)
    return Response(
        status_code=error.status,
        content_type=MEDIA_TYPE,
        body=problem.model_dump_json(exclude_none=True),
        headers=headers,
    )
