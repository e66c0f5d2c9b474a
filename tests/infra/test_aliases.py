"""Whatever invokes a function does so by its alias, and a release of the API is tried first."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aws_cdk import App

from infra.app import build, choose_environment
from infra.constructs.function import ALIAS
from infra.context import context
from infra.environments import ENVIRONMENTS
from infra.functions import FUNCTIONS
from tests.infra.template import Synthesised, text

# CloudFormation's limit for a template.
_MOST_RESOURCES = 500


def aliases(synthesised: Synthesised) -> dict[str, Any]:
    """The alias resources by logical name."""
    return {
        name: resource
        for name, resource in synthesised.resources.items()
        if resource["Type"] == "AWS::Lambda::Alias"
    }


def step_of(synthesised: Synthesised, alias: Any) -> str:
    logical = alias["Properties"]["FunctionName"]["Ref"]
    (step,) = [step for step, name in synthesised.logical_names().items() if name == logical]
    return step


def invokers(synthesised: Synthesised) -> Iterator[tuple[str, str]]:
    """Whatever invokes a function, with the function as text."""
    for name, mapping in synthesised.of_type("AWS::Lambda::EventSourceMapping").items():
        yield name, text(mapping["FunctionName"])
    for name, rule in synthesised.of_type("AWS::Events::Rule").items():
        for target in rule.get("Targets", []):
            if "Queue" not in text(target["Arn"]):
                yield name, text(target["Arn"])
    for name, method in synthesised.of_type("AWS::ApiGateway::Method").items():
        if method["Integration"]["Type"] == "AWS_PROXY":
            yield name, text(method["Integration"]["Uri"])
    for name, authorizer in synthesised.of_type("AWS::ApiGateway::Authorizer").items():
        yield name, text(authorizer["AuthorizerUri"])
    for name, permission in synthesised.of_type("AWS::Lambda::Permission").items():
        if text(permission["Principal"]) in ("apigateway.amazonaws.com", "events.amazonaws.com"):
            yield name, text(permission["FunctionName"])


def test_every_function_has_an_alias_of_its_current_version(on_aws: Synthesised) -> None:
    found = aliases(on_aws)
    assert {step_of(on_aws, one) for one in found.values()} == on_aws.functions().keys()
    versions = on_aws.of_type("AWS::Lambda::Version")
    for alias in found.values():
        properties = alias["Properties"]
        assert properties["Name"] == ALIAS
        (version, attribute) = properties["FunctionVersion"]["Fn::GetAtt"]
        assert attribute == "Version"
        assert versions[version]["FunctionName"] == properties["FunctionName"]


def test_events_requests_and_schedules_invoke_the_alias(on_aws: Synthesised) -> None:
    found = aliases(on_aws)
    seen = list(invokers(on_aws))
    assert len(seen) > 50
    for name, invoked in seen:
        assert any(f"${{{alias}}}" in invoked for alias in found), (name, invoked)
    variables = on_aws.functions()["sources"]["Environment"]["Variables"]
    assert text(variables["SCHEDULE_TARGET"]).endswith(f"-sources:{ALIAS}")
    assert variables["EXTRACT_FUNCTION"] == f"waybill-{on_aws.environment}-extract:{ALIAS}"
    resources = [
        text(statement["Resource"])
        for _, statement in on_aws.statements()
        if statement["Action"] == "lambda:InvokeFunction"
        and "waybill-" in text(statement["Resource"])
    ]
    assert len(resources) == 3
    assert all(resource.endswith(f":{ALIAS}") for resource in resources)


def test_a_release_of_the_api_is_rolled_back_by_its_alarms(on_aws: Synthesised) -> None:
    groups = on_aws.of_type("AWS::CodeDeploy::DeploymentGroup")
    updated = {
        step_of(on_aws, alias): alias["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
        for alias in aliases(on_aws).values()
        if "UpdatePolicy" in alias
    }
    answering = {
        name
        for name, spec in FUNCTIONS.items()
        if spec.package.startswith("api.") or name == "authorizer"
    }
    expected = answering if on_aws.environment == "prod" else set()
    assert updated.keys() == expected
    assert {policy["DeploymentGroupName"]["Ref"] for policy in updated.values()} == groups.keys()
    for group in groups.values():
        assert group["DeploymentConfigName"] == "CodeDeployDefault.LambdaCanary10Percent30Minutes"
        assert group["AutoRollbackConfiguration"]["Enabled"]
        assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
        assert group["AlarmConfiguration"]["Enabled"]
        watched = [one["Name"]["Ref"] for one in group["AlarmConfiguration"]["Alarms"]]
        alarms = on_aws.of_type("AWS::CloudWatch::Alarm")
        assert {alarms[name]["AlarmName"] for name in watched} == {
            "waybill-prod-api-errors",
            "waybill-prod-api-slow",
        }


def test_a_release_can_serve_all_requests_at_once(tmp_path: Path) -> None:
    assert ENVIRONMENTS["prod"].canary
    values = {**context(), "env": "prod", "canary": "off"}
    app = App(context=values, outdir=str(tmp_path), analytics_reporting=False)
    environment = choose_environment(app)
    assert not environment.canary
    build(app, environment)
    app.synth()
    synthesised = Synthesised.read("prod", tmp_path)
    assert not synthesised.of_type("AWS::CodeDeploy::DeploymentGroup")
    assert all("UpdatePolicy" not in alias for alias in aliases(synthesised).values())


def test_the_emulator_has_the_functions_themselves(
    synthesise: Any,
) -> None:
    local = synthesise("local")
    assert not aliases(local)
    assert all("-local-" not in invoked or ":" not in invoked for _, invoked in invokers(local))


def test_a_template_has_as_many_resources_as_permitted(on_aws: Synthesised) -> None:
    for name, template in on_aws.templates.items():
        assert len(template["Resources"]) <= _MOST_RESOURCES, name
