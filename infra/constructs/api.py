"""The REST API: stage `v1`, a Lambda proxy integration per route, access logs, throttling."""

from collections.abc import Mapping

from aws_cdk import Duration, RemovalPolicy, Size, Tags
from aws_cdk import aws_apigateway as apigateway
from constructs import Construct

from infra.constructs.firewall import Firewall
from infra.constructs.fixed_responses import refuse_other_methods, respond_to_preflight
from infra.constructs.function import LambdaFunction
from infra.constructs.gateway_responses import gateway_responses
from infra.constructs.log_group import log_group
from infra.constructs.shared_resources import SharedResources
from infra.environments import Environment
from infra.routes import ROUTES

STAGE = "v1"
# The functions refuse a token that expires meanwhile.
_AUTHORIZER_CACHE = Duration.minutes(5)
# Bodies of these types are passed unchanged, in base64 between the gateway and the functions: forms
# with files, samples, and tables in responses, if the first type that a client accepts is one.
_BINARY = (
    "multipart/form-data",
    "application/octet-stream",
    "application/vnd.apache.parquet",
    "application/vnd.apache.arrow.file",
    "application/vnd.apache.arrow.stream",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
)
# Compressing smaller responses costs more than it saves.
_MIN_COMPRESSED = Size.kibibytes(2)
# Half of the API's rate each: they hold a function for long, or make the database write.
_COSTLY = ("/batch/", "/jobs/{job_id}", "/task/", "/data/{document_id}", "/admin/")
_LOGGED = {
    "request_id": apigateway.AccessLogField.context_request_id(),
    "caller": apigateway.AccessLogField.context_identity_source_ip(),
    "method": apigateway.AccessLogField.context_http_method(),
    "path": apigateway.AccessLogField.context_path(),
    "status": apigateway.AccessLogField.context_status(),
    "response_bytes": apigateway.AccessLogField.context_response_length(),
    "latency_ms": apigateway.AccessLogField.context_response_latency(),
}


def _log_format() -> apigateway.AccessLogFormat:
    pairs = ",".join(f'"{name}":"{field}"' for name, field in _LOGGED.items())
    return apigateway.AccessLogFormat.custom("{" + pairs + "}")


def _method_limits(environment: Environment) -> dict[str, apigateway.MethodDeploymentOptions]:
    """Limits by method, so that a flood of requests to one leaves the others their share."""
    limits = apigateway.MethodDeploymentOptions(
        throttling_rate_limit=environment.requests_per_second / 2,
        throttling_burst_limit=environment.request_burst // 2,
        # Limits of a method take the place of all settings of the stage.
        metrics_enabled=environment.detailed_metrics,
    )
    return {
        f"{route.path}/{route.method}": limits for route in ROUTES if route.path.startswith(_COSTLY)
    }


class Api(Construct):
    """The routes of `infra.routes`, each integrated with its function."""

    def __init__(
        self, scope: Construct, shared: SharedResources, *, functions: Mapping[str, LambdaFunction]
    ) -> None:
        """Create the API in front of `functions`."""
        super().__init__(scope, "Api")
        environment = shared.environment
        name = f"waybill-{environment.name}"
        log = log_group(self, environment, shared.key, local_name=f"/aws/apigateway/{name}")
        self.rest = apigateway.RestApi(
            self,
            "Rest",
            rest_api_name=name,
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            # The authorizer names the key whose usage plan limits the caller.
            api_key_source_type=apigateway.ApiKeySourceType.AUTHORIZER if shared.machines else None,
            binary_media_types=list(_BINARY),
            min_compression_size=_MIN_COMPRESSED,
            cloud_watch_role=not environment.is_local,
            cloud_watch_role_removal_policy=None if environment.is_local else RemovalPolicy.RETAIN,
            deploy_options=apigateway.StageOptions(
                stage_name=STAGE,
                access_log_destination=apigateway.LogGroupLogDestination(log),
                access_log_format=_log_format(),
                throttling_rate_limit=environment.requests_per_second,
                throttling_burst_limit=environment.request_burst,
                method_options=_method_limits(environment),
                metrics_enabled=environment.detailed_metrics,
                tracing_enabled=True,
                # Errors of the gateway itself; the functions log their own.
                logging_level=None if environment.is_local else apigateway.MethodLoggingLevel.ERROR,
            ),
        )
        self.rest.node.try_remove_child("Endpoint")  # replaced by an output of the stack
        if environment.is_local:
            # The emulator takes the API's id from this tag, so that its URL stays the same.
            Tags.of(self.rest).add("ms-custom-id", "waybill")
        gateway_responses(self.rest, environment.browser_origin)
        if environment.firewall:
            Firewall(self, environment, self.rest.deployment_stage)
        # The emulator takes keys from a header only.
        self._needs_key = bool(shared.machines) and not environment.is_local
        self._routes(functions)
        self._fixed_responses(environment.browser_origin)

    def _routes(self, functions: Mapping[str, LambdaFunction]) -> None:
        integrations = {
            # One permission for the API, rather than one for each method: a stack has at most 500
            # resources.
            name: apigateway.LambdaIntegration(
                functions[name].target, allow_test_invoke=False, scope_permission_to_method=False
            )
            for name in sorted({route.function for route in ROUTES})
        }
        authorizer = apigateway.RequestAuthorizer(
            self,
            "Authorizer",
            handler=functions["authorizer"].target,
            identity_sources=[apigateway.IdentitySource.header("Authorization")],
            results_cache_ttl=_AUTHORIZER_CACHE,
        )
        for route in ROUTES:
            resource = self.rest.root.resource_for_path(route.path)
            is_open = route.rule.role is None
            resource.add_method(
                route.method,
                integrations[route.function],
                authorization_type=apigateway.AuthorizationType.NONE
                if is_open
                else apigateway.AuthorizationType.CUSTOM,
                authorizer=None if is_open else authorizer,
                api_key_required=True if self._needs_key and not is_open else None,
            )

    def _fixed_responses(self, origin: str | None) -> None:
        for path in {route.path: None for route in ROUTES}:
            resource = self.rest.root.resource_for_path(path)
            methods = [route.method for route in ROUTES if route.path == path]
            # Preflight requests carry no credentials, and may not cost a function.
            respond_to_preflight(resource, methods, origin)
            refuse_other_methods(resource, methods, origin)
