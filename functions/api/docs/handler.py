"""GET /openapi.json and GET /docs."""

from functools import cache
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.api.docs.show_docs import OPENAPI, show_docs
from waybill.http.app import create_api

api = create_api("docs")


@cache
def _openapi() -> str:
    return OPENAPI.read_text("utf-8")


@api.get("/openapi.json", include_in_schema=False)
def get_openapi() -> Response[Any]:
    """The OpenAPI 3.1 description of the API, generated at build time by `infra/openapi.py`."""
    return Response(status_code=HTTPStatus.OK, content_type="application/json", body=_openapi())


@api.get("/docs", include_in_schema=False)
def get_docs() -> Response[Any]:
    """The interactive documentation."""
    page = show_docs()
    return Response(
        status_code=HTTPStatus.OK,
        content_type="text/html; charset=utf-8",
        body=page.html,
        headers={
            "Content-Security-Policy": page.policy,
            "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        },
    )


def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle an API Gateway proxy event."""
    return api.resolve(event, context)
