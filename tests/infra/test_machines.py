"""Machines of an environment: their keys, their limits, and what the authorizer knows of them."""

import json
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App

from functions.authorizer.machines import parse_machines as parse_setting
from infra.app import build, choose_environment
from infra.context import context
from infra.machines import InvalidMachineError, parse_machines
from tests.infra.template import Synthesised, text

MACHINES = {
    "nightly": {"role": "loader", "datasets": ["jobs"], "requests_per_day": 1000},
    "export": {
        "role": "reader",
        "iam_role": "arn:aws:iam::123456789012:role/etl/export",
        "requests_per_second": 2,
        "burst": 4,
    },
}


@pytest.fixture(scope="module")
def prod(tmp_path_factory: pytest.TempPathFactory) -> Synthesised:
    folder: Path = tmp_path_factory.mktemp("machines")
    unstaged = {"aws:cdk:disable-asset-staging": True}
    app = App(
        outdir=str(folder),
        context={**context(), **unstaged, "env": "prod", "machines": {"prod": MACHINES}},
        analytics_reporting=False,
    )
    build(app, choose_environment(app))
    app.synth()
    return Synthesised.read("prod", folder)


def test_each_closed_method_takes_the_key_that_the_authorizer_names(prod: Synthesised) -> None:
    (api,) = prod.of_type("AWS::ApiGateway::RestApi").values()
    assert api["ApiKeySourceType"] == "AUTHORIZER"
    for method in prod.of_type("AWS::ApiGateway::Method").values():
        closed = method["AuthorizationType"] == "CUSTOM"
        assert bool(method.get("ApiKeyRequired")) == closed


def test_each_caller_has_a_usage_plan_with_a_key(prod: Synthesised) -> None:
    plans = {
        plan["UsagePlanName"]: plan for plan in prod.of_type("AWS::ApiGateway::UsagePlan").values()
    }
    limits = {name: plan["Throttle"] for name, plan in plans.items()}
    assert limits == {
        "waybill-prod-nightly": {"RateLimit": 10, "BurstLimit": 20},
        "waybill-prod-export": {"RateLimit": 2, "BurstLimit": 4},
        "waybill-prod-people": {"RateLimit": 200, "BurstLimit": 400},
    }
    assert plans["waybill-prod-nightly"]["Quota"] == {"Limit": 1000, "Period": "DAY"}
    assert len(prod.of_type("AWS::ApiGateway::UsagePlanKey")) == len(plans)
    keys = {key["Name"]: key for key in prod.of_type("AWS::ApiGateway::ApiKey").values()}
    assert keys.keys() == plans.keys()
    # API Gateway makes the value that proves something; the others prove nothing.
    assert "Value" not in keys["waybill-prod-nightly"]


def test_the_authorizer_knows_the_machines_and_may_read_their_keys(prod: Synthesised) -> None:
    variables = prod.functions()["authorizer"]["Environment"]["Variables"]
    machines = parse_setting(text(variables["MACHINES"]))
    assert [(one.name, one.role, one.datasets) for one in machines] == [
        ("nightly", "loader", frozenset({"jobs"})),
        ("export", "reader", None),
    ]
    assert (machines[0].iam_role, machines[1].api_key_id) == (None, None)
    prefix = variables["USAGE_KEY_PREFIX"]
    values = {key.get("Value") for key in prod.of_type("AWS::ApiGateway::ApiKey").values()}
    assert values == {None, f"{prefix}-export", f"{prefix}-people"}
    (statement,) = [
        one for one in prod.statements_of("authorizer") if one["Action"] == "apigateway:GET"
    ]
    assert str(machines[0].api_key_id).strip("${}") in json.dumps(statement["Resource"])


def test_without_machines_nothing_needs_a_key(on_aws: Synthesised) -> None:
    assert not on_aws.of_type("AWS::ApiGateway::ApiKey")
    for method in on_aws.of_type("AWS::ApiGateway::Method").values():
        assert not method.get("ApiKeyRequired")


@pytest.mark.parametrize(
    "machines",
    [
        {"Nightly": {"role": "loader"}},
        {"people": {"role": "loader"}},
        {"a": {"role": "owner"}},
        {"a": {}},
        {"a": {"role": "loader", "rate": 1}},
        {"a": {"role": "loader", "iam_role": "etl"}},
        {"a": {"role": "loader", "requests_per_second": 0}},
        # Keys may be copied.
        {"a": {"role": "admin"}},
    ],
)
def test_a_wrong_machine_is_refused(machines: dict[str, Any]) -> None:
    with pytest.raises(InvalidMachineError, match="machines: "):
        parse_machines(machines)
