"""Strict request validation: media type, size, unknown fields and unknown parameters."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar, cast

from aws_lambda_powertools.event_handler import ApiGatewayResolver, Response
from aws_lambda_powertools.event_handler.api_gateway import Route
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from aws_lambda_powertools.event_handler.middlewares.openapi_validation import (
    OpenAPIRequestValidationMiddleware,
)
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent
from pydantic import BaseModel, ValidationError

from waybill.errors import (
    BadRequest,
    FieldError,
    Rejected,
    TooLarge,
    UnsupportedMedia,
    WaybillError,
)
from waybill.http.bodies import JSON, BodySpec, body_length, media_type_of
from waybill.http.exact_json import check_body_depth

ModelT = TypeVar("ModelT", bound=BaseModel)
# Codes that are clearer than pydantic's; the others are pydantic's, with dashes.
_CODES: Mapping[str, str] = {
    "extra_forbidden": "unknown-field",
    "missing": "missing-field",
    "model_attributes_type": "not-an-object",
    "model_type": "not-an-object",
}


class StrictValidationMiddleware(OpenAPIRequestValidationMiddleware):
    """Powertools' validation, which by itself would accept unknown parameters and form bodies."""

    def __init__(
        self,
        on_match: Callable[[Route], None],
        bodies: Mapping[str, BodySpec],
        open_queries: Collection[str] = (),
    ) -> None:
        """Create the middleware.

        Args:
            on_match: called with the route before validation, unless the path is unknown.
            bodies: bodies other than small JSON, by OpenAPI path.
            open_queries: OpenAPI paths whose query parameters the route checks itself.
        """
        self._on_match = on_match
        self._open_queries = open_queries
        self._bodies = bodies

    def handler(self, app: ApiGatewayResolver, next_middleware: NextMiddleware) -> Response[Any]:
        """Check media type, size and parameter names, then validate.

        Raises:
            TooLarge: `body-too-large`.
            UnsupportedMedia: `unsupported-media`.
            Rejected: `invalid-request`, an unknown query parameter.
        """
        event = cast(APIGatewayProxyEvent, app.current_event)
        route: Route = app.context["_route"]
        # Powertools makes a catch-all route for an unknown path.
        if route.rule.pattern == r"^.*/*$":
            return next_middleware(app)
        self._on_match(route)
        if event.body:
            _check_body(event, self._bodies.get(route.openapi_path, BodySpec()))
        if route.openapi_path not in self._open_queries:
            _check_parameters(event, route)
        return super().handler(app, next_middleware)


def _check_body(event: APIGatewayProxyEvent, spec: BodySpec) -> None:
    media_type = media_type_of(event) or spec.media_types[0]
    if media_type not in spec.media_types:
        accepted = " or ".join(spec.media_types)
        raise UnsupportedMedia("unsupported-media", f"Send {accepted}, not {media_type}.")
    if body_length(event) > spec.limit_bytes:
        detail = f"The body is larger than {spec.limit_bytes} bytes.{spec.hint}"
        raise TooLarge("body-too-large", detail)
    if media_type != JSON:
        return
    try:
        _ = event.decoded_body
    except ValueError:
        raise BadRequest("malformed-json", "The body is not UTF-8.") from None


def parse_json(text: str) -> Any:  # noqa: ANN401 - any JSON
    """Parse a JSON body; NaN and Infinity are refused.

    Raises:
        BadRequest: `malformed-json`.
        Rejected: `invalid-request`: nested too deeply.
    """
    check_body_depth(text)
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise BadRequest("malformed-json", "The body is not JSON.") from None


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _check_parameters(event: APIGatewayProxyEvent, route: Route) -> None:
    known = {field.alias for field in route.dependant.query_params}
    errors = [
        FieldError(
            pointer=f"?{name}", code="unknown-parameter", message="There is no such parameter."
        )
        for name in sorted(set(event.resolved_query_string_parameters) - known)
    ]
    if errors:
        raise Rejected("invalid-request", "The request has unknown parameters.", errors)


def validate_model(model: type[ModelT], values: Mapping[str, Any]) -> ModelT:
    """The values as a model, with the same errors as a JSON body.

    Raises:
        Rejected: `invalid-request`, with every invalid field.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        errors = [{**each, "loc": ("body", *each["loc"])} for each in error.errors()]
        raise validation_error(RequestValidationError(errors)) from None


def _pointer(location: Sequence[str | int]) -> str:
    source, *path = location
    if source == "body":
        return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in path)
    prefixes = {"query": "?", "header": "header:"}
    return prefixes.get(str(source), "") + ".".join(str(part) for part in path)


def _field_error(error: Mapping[str, Any]) -> FieldError:
    error_type = str(error["type"])
    code = _CODES.get(error_type, error_type.replace("_", "-"))
    return FieldError(pointer=_pointer(error["loc"]), code=code, message=str(error["msg"]))


def validation_error(error: RequestValidationError) -> WaybillError:
    """The `invalid-request` error for pydantic's validation errors."""
    errors = error.errors()
    count = f"{len(errors)} errors" if len(errors) > 1 else "one error"
    return Rejected("invalid-request", f"The request has {count}.", list(map(_field_error, errors)))
