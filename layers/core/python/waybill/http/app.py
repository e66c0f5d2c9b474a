"""The resolver that every API function uses."""

import time
from collections.abc import Callable, Collection, Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, ClassVar

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, CORSConfig, Response
from aws_lambda_powertools.event_handler.api_gateway import Route
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.utilities.typing import LambdaContext

from waybill import telemetry, tracing
from waybill.callers import Caller
from waybill.errors import NotFound, Rejected, Unauthorized, WaybillError
from waybill.http.access import RULES, Rule, authorize
from waybill.http.bodies import BodySpec
from waybill.http.cors import ALLOW_HEADERS, EXPOSE_HEADERS, MAX_AGE_SECONDS
from waybill.http.deadline import DEADLINE
from waybill.http.principal import Principal
from waybill.http.request_log import job_of, record_request, request_line
from waybill.http.requests import StrictValidationMiddleware, parse_json, validation_error
from waybill.http.responses import problem_response
from waybill.http.security_headers import CONTENT_SECURITY_POLICY, SECURITY_HEADERS
from waybill.http.settled_heap import SettledHeap
from waybill.metrics.record import flush_metrics
from waybill.settings import ApiSettings
from waybill.usage import USAGE

# A custom domain's base path stays in the event's path; otherwise the prefix is the stage.
_PREFIXES = ["/api/v1", "/v1"]
_HEADERS = {**SECURITY_HEADERS, "Content-Security-Policy": CONTENT_SECURITY_POLICY}
JsonParser = Callable[[str], Any]


def _cors(origin: str | None) -> CORSConfig | None:
    if origin is None:
        return None
    return CORSConfig(
        allow_origin=origin,
        allow_headers=list(ALLOW_HEADERS),
        expose_headers=list(EXPOSE_HEADERS),
        max_age=MAX_AGE_SECONDS,
    )


class MethodNotAllowed(Rejected):
    """The path exists, but not with this method."""

    status: ClassVar[int] = 405
    title: ClassVar[str] = "Method not allowed"


class Api(APIGatewayRestResolver):
    """Routes of one function; see `create_api`."""

    def __init__(
        self,
        function: str,
        bodies: Mapping[str, BodySpec],
        parser: JsonParser,
        open_queries: Collection[str],
        rules: Mapping[str, Rule],
    ) -> None:
        super().__init__(
            cors=_cors(ApiSettings.from_environment().browser_origin),
            enable_validation=True,
            strip_prefixes=list(_PREFIXES),
            json_body_deserializer=parser,
        )
        self._request_validation_middleware = StrictValidationMiddleware(
            self._matched, bodies, open_queries
        )
        self.open_queries = open_queries
        """OpenAPI paths whose query parameters depend on the dataset."""
        self.bodies = bodies
        """Bodies other than small JSON, by OpenAPI path."""
        self._function = function
        self._rules = rules
        self._heap = SettledHeap()
        self.logger = telemetry.logger()
        self._route = ""
        self._principal: Principal | None = None
        self.started = 0.0
        """When the current request arrived, by `time.monotonic`."""

    def _matched(self, route: Route) -> None:
        self._route = route.openapi_path
        self._principal = authorize(
            self._rules.get(f"{route.method} {route.openapi_path}"),
            arguments := self.context.get("_route_args", {}),
            self.current_event.raw_event,
        )
        if self._principal:
            self.logger.append_keys(principal=self._principal.subject)
        self.logger.set_correlation_id(job_of(arguments))

    @property
    def principal(self) -> Principal:
        """Who sent the current request.

        Raises:
            Unauthorized: the route is open to everybody.
        """
        if self._principal is None:
            raise Unauthorized("unauthorized", "A token is required.")
        return self._principal

    @property
    def caller(self) -> Caller:
        """Who sent the current request, and from where.

        Raises:
            Unauthorized: the route is open to everybody.
        """
        context = self.current_event.raw_event.get("requestContext") or {}
        source = (context.get("identity") or {}).get("sourceIp")
        return Caller(self.principal.subject, source)

    @property
    def routes(self) -> list[Route]:
        """Every route of the function."""
        return [*self._static_routes, *self._dynamic_routes]

    def methods_of(self, path: str) -> list[str]:
        """The methods of the path, sorted."""
        return sorted({str(route.method) for route in self.routes if route.rule.match(path)})

    def resolve(self, event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
        """Handle an API Gateway proxy event; never raises."""
        self.started = time.monotonic()
        self._route = ""
        self._principal = None
        USAGE.reset()
        self.logger.clear_state()
        request_id = (event.get("requestContext") or {}).get("requestId")
        self.logger.append_keys(step=self._function, request_id=request_id)
        with DEADLINE.request():
            response = super().resolve(dict(event), context)
        headers = response.setdefault("multiValueHeaders", {})
        for name, value in _HEADERS.items():
            headers.setdefault(name, [value])
        seconds = time.monotonic() - self.started
        if job_id := self.logger.get_correlation_id():
            tracing.record(self._function, job_id, time.time() - seconds)
        self.logger.info(
            "request handled",
            action="http.handled",
            duration_ms=round(seconds * 1000, 1),
            **request_line(
                event,
                self._route,
                self._principal.subject if self._principal else None,
                response,
            ),
        )
        record_request(self._route, str(event.get("httpMethod")), response, seconds)
        flush_metrics()
        self._heap.settle()
        return response


def create_api(
    function: str,
    bodies: Mapping[str, BodySpec] = MappingProxyType({}),
    parser: JsonParser = parse_json,
    open_queries: Collection[str] = (),
    rules: Mapping[str, Rule] = RULES,
) -> Api:
    """The resolver of a function: strict validation, problem responses, CORS, security headers.

    Args:
        function: the function's name, for its log lines.
        bodies: bodies other than small JSON, by OpenAPI path.
        parser: parses a JSON body.
        open_queries: OpenAPI paths whose query parameters depend on the dataset; the route
            checks them.
        rules: who may use each route.
    """
    api = Api(function, bodies, parser, open_queries, rules)

    def waybill_error(error: WaybillError) -> Response[Any]:
        if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            api.logger.warning(
                "request failed", action="http.unavailable", code=error.code, exc_info=True
            )
        return problem_response(error, api.current_event)

    def invalid_request(error: RequestValidationError) -> Response[Any]:
        return problem_response(validation_error(error), api.current_event)

    def unexpected(error: Exception) -> Response[Any]:
        api.logger.error("unexpected error", action="http.unexpected", exc_info=error)
        internal = WaybillError("internal-error", "An internal error occurred; it was logged.")
        return problem_response(internal, api.current_event)

    api.exception_handler(WaybillError)(waybill_error)
    api.exception_handler(RequestValidationError)(invalid_request)
    api.exception_handler(NotFoundError)(lambda _: _not_found(api))
    api.exception_handler(Exception)(unexpected)
    return api


def _not_found(api: Api) -> Response[Any]:
    event = api.current_event
    methods = api.methods_of(str(api.context["_path"]))
    if not methods:
        return problem_response(NotFound("unknown-path", "There is no such path."), event)
    error = MethodNotAllowed("method-not-allowed", f"Use {', '.join(methods)}.")
    response = problem_response(error, event)
    response.headers["Allow"] = ", ".join(methods)
    return response
