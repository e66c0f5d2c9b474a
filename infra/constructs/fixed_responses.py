"""Methods that API Gateway answers itself, without a function and without credentials."""

import json
from collections.abc import Iterable

from aws_cdk import aws_apigateway as apigateway

from infra.constructs.gateway_responses import problem_template
from waybill.http.cors import ALLOW_HEADERS, MAX_AGE_SECONDS, readable
from waybill.http.problems import MEDIA_TYPE
from waybill.http.security_headers import SECURITY_HEADERS

# Other media types are refused (415): a mock integration reads the body as a template's input.
_MEDIA_TYPES = (
    "application/json",
    "application/octet-stream",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "text/csv",
    "text/plain",
)


def respond_to_preflight(
    resource: apigateway.IResource, methods: Iterable[str], origin: str | None
) -> None:
    """Answer OPTIONS, which browsers send before a request of another origin than the API's.

    Requests of pages of `origin` are allowed.
    """
    allowed = sorted({*methods, "OPTIONS"})
    headers = {"Allow": ", ".join(allowed)}
    if origin:
        headers |= readable(origin, ()) | {
            "Access-Control-Allow-Methods": ",".join(allowed),
            "Access-Control-Allow-Headers": ",".join(ALLOW_HEADERS),
            "Access-Control-Max-Age": str(MAX_AGE_SECONDS),
        }
    _respond(resource, "OPTIONS", 204, headers)


def refuse_other_methods(
    resource: apigateway.IResource, methods: Iterable[str], origin: str | None
) -> None:
    """Answer every method that the path does not have with 405 and the ones it has."""
    allowed = ", ".join(sorted({*methods, "OPTIONS"}))
    headers = {"Allow": allowed, "Content-Type": MEDIA_TYPE} | readable(origin)
    body = problem_template(405, "method-not-allowed", f"Use {allowed}.")
    _respond(resource, "ANY", 405, headers, body)


def _respond(
    resource: apigateway.IResource,
    method: str,
    status: int,
    headers: dict[str, str],
    body: str = "",
) -> None:
    sent = {**headers, **SECURITY_HEADERS}
    parameters = {f"method.response.header.{name}": f"'{value}'" for name, value in sent.items()}
    integration = apigateway.MockIntegration(
        # Templates are for text, and forms are binary to this API.
        content_handling=apigateway.ContentHandling.CONVERT_TO_TEXT,
        passthrough_behavior=apigateway.PassthroughBehavior.NEVER,
        request_templates=dict.fromkeys(_MEDIA_TYPES, json.dumps({"statusCode": status})),
        integration_responses=[
            apigateway.IntegrationResponse(
                status_code=str(status),
                response_parameters=parameters,
                response_templates={"application/json": body},
            )
        ],
    )
    resource.add_method(
        method,
        integration,
        authorization_type=apigateway.AuthorizationType.NONE,
        method_responses=[
            apigateway.MethodResponse(
                status_code=str(status), response_parameters=dict.fromkeys(parameters, True)
            )
        ],
    )
