"""Requests are read strictly: media type, size, unknown fields and unknown parameters."""

import json
from collections.abc import Callable, Mapping, Sequence
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
from waybill.http.bodies import BODY_LIMIT_BYTES, JSON, Takes, body_length, media_type_of

__all__ = ["BODY_LIMIT_BYTES", "StrictValidationMiddleware", "checked", "invalid", "read_json"]
ModelT = TypeVar("ModelT", bound=BaseModel)
# pydantic's names of errors that have a better one here; the others keep theirs, with dashes.
_CODES: Mapping[str, str] = {
    "extra_forbidden": "unknown-field",
    "missing": "missing-field",
    "model_attributes_type": "not-an-object",
    "model_type": "not-an-object",
}


class StrictValidationMiddleware(OpenAPIRequestValidationMiddleware):
    """Powertools' validation, which by itself lets unknown parameters and form bodies through."""

    def __init__(self, seen: Callable[[Route], None], takes: Mapping[str, Takes]) -> None:
        """`seen` is told of the route before anything is refused, unless the path is unknown.

        `takes` has the paths (as OpenAPI writes them) that take more than a small JSON body.
        """
        self._seen = seen
        self._takes = takes

    def handler(self, app: ApiGatewayResolver, next_middleware: NextMiddleware) -> Response[Any]:
        """Refuse what no route can read, then validate.

        Raises:
            TooLarge: `body-too-large`.
            UnsupportedMedia: `unsupported-media`.
            Rejected: `invalid-request`, an unknown query parameter.
        """
        event = cast(APIGatewayProxyEvent, app.current_event)
        route: Route = app.context["_route"]
        # The route of an unknown path is made on the spot and has no place among the known ones.
        known = route.rule.pattern != r"^.*/*$"
        if known:
            self._seen(route)
        if event.body:
            _refuse_body(event, self._takes.get(route.openapi_path, Takes()))
        if known:
            _refuse_unknown_parameters(event, route)
        return super().handler(app, next_middleware)


def _refuse_body(event: APIGatewayProxyEvent, takes: Takes) -> None:
    media_type = media_type_of(event) or takes.media_types[0]
    if media_type not in takes.media_types:
        wanted = " or ".join(takes.media_types)
        raise UnsupportedMedia("unsupported-media", f"Send {wanted}, not {media_type}.")
    if body_length(event) > takes.limit_bytes:
        detail = f"The body is larger than {takes.limit_bytes} bytes.{takes.otherwise}"
        raise TooLarge("body-too-large", detail)
    if media_type != JSON:
        return
    try:
        _ = event.decoded_body
    except ValueError:
        raise BadRequest("malformed-json", "The body is not UTF-8.") from None


def read_json(text: str) -> Any:  # noqa: ANN401 - any JSON
    """The body as JSON, strictly: no NaN, no depth or number made to exhaust the reader.

    Raises:
        BadRequest: `malformed-json`.
    """
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise BadRequest("malformed-json", "The body is not JSON.") from None


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _refuse_unknown_parameters(event: APIGatewayProxyEvent, route: Route) -> None:
    known = {field.alias for field in route.dependant.query_params}
    given = event.resolved_query_string_parameters
    field_errors = [
        FieldError(
            pointer=f"?{name}", code="unknown-parameter", message="There is no such parameter."
        )
        for name in sorted(set(given) - known)
    ]
    if field_errors:
        raise Rejected("invalid-request", "The request has unknown parameters.", field_errors)


def checked(model: type[ModelT], values: Mapping[str, Any]) -> ModelT:
    """The values as a model, refused as those of a body are.

    Raises:
        Rejected: `invalid-request`, naming every field that is wrong.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        found = [{**each, "loc": ("body", *each["loc"])} for each in error.errors()]
        raise invalid(RequestValidationError(found)) from None


def _pointer(place: Sequence[str | int]) -> str:
    source, *path = place
    if source == "body":
        return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in path)
    marks = {"query": "?", "header": "header:"}
    return marks.get(str(source), "") + ".".join(str(part) for part in path)


def _flaw(error: Mapping[str, Any]) -> FieldError:
    kind = str(error["type"])
    code = _CODES.get(kind, kind.replace("_", "-"))
    return FieldError(pointer=_pointer(error["loc"]), code=code, message=str(error["msg"]))


def invalid(error: RequestValidationError) -> WaybillError:
    """The refusal that stands for an error of validation."""
    errors = error.errors()
    count = f"{len(errors)} things are wrong" if len(errors) > 1 else "One thing is wrong"
    return Rejected("invalid-request", f"{count} with the request.", [_flaw(e) for e in errors])
