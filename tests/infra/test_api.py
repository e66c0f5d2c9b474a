import re
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from infra.routes import ROUTES, Route
from tests.infra.template import Synthesised, text

DOORS = sorted({route.step for route in ROUTES})


def answering(method: Mapping[str, Any]) -> str:
    found = re.search(r"\{Service([A-Z][a-z]+)Function", text(method["Integration"]["Uri"]))
    assert found
    return found[1].lower()


def deployed(synthesised: Synthesised) -> set[Route]:
    resources = synthesised.of_type("AWS::ApiGateway::Resource")

    def path(reference: dict[str, str]) -> str:
        found = resources.get(reference.get("Ref", ""))
        return f"{path(found['ParentId'])}/{found['PathPart']}" if found else ""

    return {
        Route(
            method["HttpMethod"],
            path(method["ResourceId"]),
            answering(method),
        )
        for method in synthesised.of_type("AWS::ApiGateway::Method").values()
    }


def test_the_routes_are_deployed(synthesised: Synthesised) -> None:
    assert deployed(synthesised) == set(ROUTES)


def test_the_routes_are_those_that_the_functions_answer() -> None:
    answered = {
        Route(route.method, route.openapi_path, door)
        for door in DOORS
        for route in import_module(f"functions.{door}.handler").api.routes
    }
    assert answered == set(ROUTES)


def test_requests_are_signed_on_aws(synthesised: Synthesised) -> None:
    for method in synthesised.of_type("AWS::ApiGateway::Method").values():
        assert method["AuthorizationType"] == ("NONE" if synthesised.is_local else "AWS_IAM")
        assert method["Integration"]["Type"] == "AWS_PROXY"


def test_the_stage_is_logged_and_throttled(synthesised: Synthesised) -> None:
    (stage,) = synthesised.of_type("AWS::ApiGateway::Stage").values()
    assert stage["StageName"] == "v1"
    assert stage["TracingEnabled"] is True
    assert stage["AccessLogSetting"]["DestinationArn"]
    assert "$context.requestId" in stage["AccessLogSetting"]["Format"]
    (settings,) = stage["MethodSettings"]
    assert settings["ThrottlingRateLimit"] > 0
    assert settings["ThrottlingBurstLimit"] > 0
