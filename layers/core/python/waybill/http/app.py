"""The resolver that every door is built on."""

import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, ClassVar

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, CORSConfig, Response
from aws_lambda_powertools.event_handler.api_gateway import Route
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.utilities.typing import LambdaContext

from waybill.errors import NotFound, Rejected, WaybillError
from waybill.http.bodies import Takes
from waybill.http.requests import StrictValidationMiddleware, invalid, read_json
from waybill.http.responses import problem_answer

# With a custom domain the mapped base path stays in the event's path; without, it is the stage.
_PREFIXES = ["/api/v1", "/v1"]
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Strict-Transport-Security": "max-age=31536000",
}
Reader = Callable[[str], Any]
_CORS = CORSConfig(
    allow_origin="*",
    allow_headers=["Accept", "Idempotency-Key"],
    expose_headers=["Link", "Location", "Retry-After"],
    max_age=600,
)


class MethodNotAllowed(Rejected):
    """The path is served, with other methods."""

    status: ClassVar[int] = 405
    title: ClassVar[str] = "Method not allowed"


class Api(APIGatewayRestResolver):
    """Routes of one function; see `create_api`."""

    def __init__(self, service: str, takes: Mapping[str, Takes], reader: Reader) -> None:
        super().__init__(
            cors=_CORS,
            enable_validation=True,
            strip_prefixes=list(_PREFIXES),
            json_body_deserializer=reader,
        )
        self._request_validation_middleware = StrictValidationMiddleware(self._remember, takes)
        self.takes = takes
        """Bodies other than small JSON, by path as OpenAPI writes it."""
        self._step = service
        # The logger that `waybill.telemetry` starts for the steps without a door.
        self.logger = Logger(service="waybill", utc=True, use_rfc3339=True)
        self._matched = ""
        self.started = 0.0
        """When the request that is being answered came, by `time.monotonic`."""

    def _remember(self, route: Route) -> None:
        self._matched = route.openapi_path

    @property
    def routes(self) -> list[Route]:
        """Every route of the function."""
        return [*self._static_routes, *self._dynamic_routes]

    def allowed(self, path: str) -> list[str]:
        """The methods that the path is served with, sorted."""
        return sorted({str(route.method) for route in self.routes if route.rule.match(path)})

    def resolve(self, event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
        """Answer an API Gateway proxy event; nothing is ever raised to the gateway."""
        self.started = time.monotonic()
        self._matched = ""
        self.logger.clear_state()
        request_id = (event.get("requestContext") or {}).get("requestId")
        self.logger.append_keys(step=self._step, request_id=request_id)
        answer = super().resolve(dict(event), context)
        headers = answer.setdefault("multiValueHeaders", {})
        for name, value in _ALWAYS.items():
            headers.setdefault(name, [value])
        # The route, never the path or the query: those may hold what people wrote.
        self.logger.info(
            "answered",
            action="http.answered",
            method=event.get("httpMethod"),
            route=self._matched,
            status=answer["statusCode"],
            milliseconds=round((time.monotonic() - self.started) * 1000, 1),
        )
        return answer


def create_api(
    service: str, takes: Mapping[str, Takes] = MappingProxyType({}), reader: Reader = read_json
) -> Api:
    """The resolver of a function: strict requests, problems as answers, CORS, safe headers.

    Args:
        service: the function's name, which its log lines carry.
        takes: bodies other than small JSON, by path as OpenAPI writes it.
        reader: makes of a JSON body what the routes are given.
    """
    api = Api(service, takes, reader)

    def waybill_error(error: WaybillError) -> Response[Any]:
        if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            api.logger.warning("not now", action="http.unavailable", code=error.code, exc_info=True)
        return problem_answer(error, api.current_event)

    def invalid_request(error: RequestValidationError) -> Response[Any]:
        return problem_answer(invalid(error), api.current_event)

    def unexpected(error: Exception) -> Response[Any]:
        api.logger.error("unexpected", action="http.unexpected", exc_info=error)
        hidden = WaybillError("internal-error", "Something went wrong here; it was recorded.")
        return problem_answer(hidden, api.current_event)

    api.exception_handler(WaybillError)(waybill_error)
    api.exception_handler(RequestValidationError)(invalid_request)
    api.exception_handler(NotFoundError)(lambda _: _nowhere(api))
    api.exception_handler(Exception)(unexpected)
    return api


def _nowhere(api: Api) -> Response[Any]:
    event = api.current_event
    methods = api.allowed(str(api.context["_path"]))
    if not methods:
        return problem_answer(NotFound("unknown-path", "Nothing is served here."), event)
    refusal = MethodNotAllowed("method-not-allowed", f"Use {', '.join(methods)}.")
    answer = problem_answer(refusal, event)
    answer.headers["Allow"] = ", ".join(methods)
    return answer
