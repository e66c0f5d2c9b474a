import json
import re
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from infra.functions import FUNCTIONS
from infra.routes import ROUTES, Route
from tests.infra.template import Synthesised, listed, text
from waybill.http.media import BINARY, OFFERS
from waybill.http.principal import ROLES
from waybill.http.security_headers import SECURITY_HEADERS

# Methods that API Gateway by_type itself.
FIXED = ("ANY", "OPTIONS")
API_FUNCTIONS = sorted({route.function for route in ROUTES})


def answering(method: Mapping[str, Any]) -> str:
    uri = text(method["Integration"]["Uri"])
    found = re.search(r"\{Service([A-Z][a-z]+)(?:Function|Alias)", uri)
    assert found
    return found[1].lower()


def paths(synthesised: Synthesised) -> Callable[[dict[str, str]], str]:
    """The path of a reference to a resource."""
    resources = synthesised.of_type("AWS::ApiGateway::Resource")

    def path(reference: dict[str, str]) -> str:
        found = resources.get(reference.get("Ref", ""))
        return f"{path(found['ParentId'])}/{found['PathPart']}" if found else ""

    return path


def deployed(synthesised: Synthesised) -> set[Route]:
    path = paths(synthesised)
    return {
        Route(
            method["HttpMethod"],
            path(method["ResourceId"]),
            answering(method),
        )
        for method in synthesised.of_type("AWS::ApiGateway::Method").values()
        if method["HttpMethod"] not in FIXED
    }


def test_the_routes_are_deployed(synthesised: Synthesised) -> None:
    assert deployed(synthesised) == set(ROUTES)


def test_the_routes_are_those_of_the_functions() -> None:
    answered = {
        Route(route.method, route.openapi_path, name)
        for name in API_FUNCTIONS
        for route in import_module(f"{FUNCTIONS[name].module}.handler").api.routes
    }
    assert answered == set(ROUTES)


def test_requests_need_a_token_unless_the_route_is_open(synthesised: Synthesised) -> None:
    path_of = paths(synthesised)
    rules = {(route.method, route.path): route.rule for route in ROUTES}
    for method in synthesised.of_type("AWS::ApiGateway::Method").values():
        is_fixed = method["HttpMethod"] in FIXED
        route = (method["HttpMethod"], path_of(method["ResourceId"]))
        is_open = is_fixed or rules[route].role is None
        assert method["AuthorizationType"] == ("NONE" if is_open else "CUSTOM")
        assert ("AuthorizerId" in method) == (not is_open)
        assert method["Integration"]["Type"] == ("MOCK" if is_fixed else "AWS_PROXY")


def test_the_result_of_the_authorizer_is_cached_by_token(synthesised: Synthesised) -> None:
    (authorizer,) = synthesised.of_type("AWS::ApiGateway::Authorizer").values()
    assert authorizer["Type"] == "REQUEST"
    assert authorizer["IdentitySource"] == "method.request.header.Authorization"
    assert authorizer["AuthorizerResultTtlInSeconds"] == 300


def test_the_authorizer_is_outside_the_network_and_may_only_record_refusals(
    on_aws: Synthesised,
) -> None:
    assert "VpcConfig" not in on_aws.functions()["authorizer"]
    actions = {
        action
        for statement in on_aws.statements_of("authorizer")
        for action in listed(statement["Action"])
    }
    stored = {action for action in actions if not action.startswith(("logs:", "xray:"))}
    assert stored - {"kms:Decrypt", "kms:GenerateDataKey"} == {"s3:PutObject"}


def test_users_are_made_by_an_administrator(on_aws: Synthesised) -> None:
    (pool,) = on_aws.of_type("AWS::Cognito::UserPool").values()
    assert pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True
    groups = on_aws.of_type("AWS::Cognito::UserPoolGroup").values()
    assert {group["GroupName"] for group in groups} == set(ROLES)
    # Of the command and of the console.
    clients = list(on_aws.of_type("AWS::Cognito::UserPoolClient").values())
    validity = [(c["AccessTokenValidity"], c["TokenValidityUnits"]["AccessToken"]) for c in clients]
    assert validity == [(30, "minutes")] * 2


def fixed(synthesised: Synthesised, kind: str) -> dict[str, Mapping[str, Any]]:
    """The headers and the body of the fixed response of each resource that has a method."""
    methods = list(synthesised.of_type("AWS::ApiGateway::Method").values())
    responses = {
        text(method["ResourceId"]): method["Integration"]["IntegrationResponses"][0]
        for method in methods
        if method["HttpMethod"] == kind
    }
    assert responses.keys() == {text(method["ResourceId"]) for method in methods}
    return responses


def headers(response: Mapping[str, Any]) -> dict[str, str]:
    return {
        name.rpartition(".")[2]: value.strip("'")
        for name, value in response["ResponseParameters"].items()
    }


def test_preflight_requests_run_no_function(synthesised: Synthesised) -> None:
    for response in fixed(synthesised, "OPTIONS").values():
        assert response["StatusCode"] == "204"
        assert "OPTIONS" in headers(response)["Allow"]


def test_other_methods_are_refused_without_a_function(synthesised: Synthesised) -> None:
    for response in fixed(synthesised, "ANY").values():
        problem = json.loads(response["ResponseTemplates"]["application/json"])
        assert (problem["status"], response["StatusCode"]) == (405, "405")
        assert problem["detail"] == f"Use {headers(response)['Allow']}."
        assert headers(response)["Content-Type"] == "application/problem+json"
        assert SECURITY_HEADERS.items() <= headers(response).items()


def test_errors_of_the_gateway_are_problems(synthesised: Synthesised) -> None:
    found = synthesised.of_type("AWS::ApiGateway::GatewayResponse").values()
    by_type = {sent["ResponseType"]: sent for sent in found}
    assert by_type["MISSING_AUTHENTICATION_TOKEN"]["StatusCode"] == "404"
    assert by_type["DEFAULT_5XX"]["StatusCode"] == "503"
    for sent in by_type.values():
        problem = json.loads(sent["ResponseTemplates"]["application/json"])
        assert str(problem["status"]) == sent["StatusCode"]
        assert headers(sent)["Content-Type"] == "application/problem+json"
        assert SECURITY_HEADERS.items() <= headers(sent).items()
        challenged = sent["StatusCode"] == "401"
        assert ("WWW-Authenticate" in headers(sent)) == challenged
        may_retry = sent["StatusCode"] in ("429", "503", "504")
        assert ("Retry-After" in headers(sent)) == may_retry


def test_files_are_binary_and_responses_compressed(synthesised: Synthesised) -> None:
    (rest,) = synthesised.of_type("AWS::ApiGateway::RestApi").values()
    binary = set(rest["BinaryMediaTypes"])
    assert {"multipart/form-data", "application/octet-stream"} < binary
    # Tables in responses, which only then are sent as bytes.
    assert {OFFERS[name] for name in BINARY} < binary
    assert rest["MinimumCompressionSize"] > 0


def test_the_stage_is_logged_and_throttled(synthesised: Synthesised) -> None:
    (stage,) = synthesised.of_type("AWS::ApiGateway::Stage").values()
    assert stage["StageName"] == "v1"
    assert stage["TracingEnabled"] is True
    assert stage["AccessLogSetting"]["DestinationArn"]
    assert "$context.requestId" in stage["AccessLogSetting"]["Format"]
    settings = {
        (each["HttpMethod"], each["ResourcePath"].replace("~1", "/")): each
        for each in stage["MethodSettings"]
    }
    whole = settings.pop(("*", "/*"))
    assert whole["ThrottlingRateLimit"] > 0
    assert whole["ThrottlingBurstLimit"] > 0
    assert ("POST", "//batch/{dataset}") in settings
    for each in settings.values():
        assert 0 < each["ThrottlingRateLimit"] <= whole["ThrottlingRateLimit"] / 2
        assert each["MetricsEnabled"] == whole["MetricsEnabled"]
