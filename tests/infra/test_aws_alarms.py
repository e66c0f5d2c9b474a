"""Alarms on metrics of AWS are raised by what the code does to those metrics."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from functions.api.documents import handler
from infra.constructs.service_alarms import PIPELINE
from infra.environments import DEFAULT_REGION
from infra.functions import FUNCTIONS
from tests.infra.template import Synthesised, text
from tests.infra.test_alarms import alarms
from tests.postgres.databases import Database
from tests.unit.http.api_client import call, connect_as

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture
def prod(synthesise: Callable[[str], Synthesised]) -> Synthesised:
    return synthesise("prod")


def value(alarm: Mapping[str, Any], **metrics: float) -> float:
    """What the expression of the alarm gives for these metrics; its math is as in Python."""
    (expression,) = (one["Expression"] for one in alarm["Metrics"] if "Expression" in one)
    known = {"choose": lambda condition, one, other: one if condition else other,
             "MAX": max, "FILL": lambda metric, _: metric}  # fmt: skip
    return float(eval(expression.replace("IF(", "choose("), known | metrics))  # noqa: S307


def test_requests_that_fail_in_an_outage(
    aws: "S3Client", database: Database, monkeypatch: pytest.MonkeyPatch, prod: Synthesised
) -> None:
    assert aws
    connect_as("waybill_documents", database, monkeypatch)
    monkeypatch.setenv("DATABASE_PORT", "1")
    deps = import_module("functions.api.documents.deps").deps
    deps.cache_clear()
    failed = call(handler.handle, "GET", "/data").status
    deps.cache_clear()
    # API Gateway counts the status as a 5XXError.
    assert failed == 503
    alarm = alarms(prod)["api-errors"]
    assert value(alarm, errors=1, requests=100) >= alarm["Threshold"]
    assert value(alarm, errors=1, requests=101) < alarm["Threshold"]
    # One failure in a quiet night wakes nobody.
    assert value(alarm, errors=1, requests=19) < alarm["Threshold"]


def test_a_slow_endpoint_among_fast_ones(prod: Synthesised) -> None:
    alarm = alarms(prod)["api-slow"]
    fast = dict.fromkeys(("batch", "datasets", "lookups", "upload"), 10.0)
    assert value(alarm, **fast) < alarm["Threshold"]
    assert value(alarm, **{**fast, "lookups": 2000.0}) >= alarm["Threshold"]


def test_failed_invocations_of_the_pipeline_add_up(prod: Synthesised) -> None:
    pipeline = {spec.name for spec in FUNCTIONS.values() if spec.package.startswith("pipeline.")}
    assert set(PIPELINE) == pipeline
    alarm = alarms(prod)["function-errors"]
    assert value(alarm, **dict.fromkeys(PIPELINE, 1.0)) >= alarm["Threshold"]
    assert value(alarm, **dict.fromkeys(PIPELINE, 0.0)) < alarm["Threshold"]


@pytest.mark.parametrize(
    ("stack", "status", "is_counted"),
    [
        ("waybill-prod", "UPDATE_ROLLBACK_FAILED", True),
        ("waybill-prod-data", "ROLLBACK_FAILED", True),
        ("waybill-prod", "UPDATE_ROLLBACK_COMPLETE", False),
        ("another-prod", "UPDATE_ROLLBACK_FAILED", False),
    ],
)
def test_a_rollback_that_fails_is_counted(
    prod: Synthesised, stack: str, status: str, is_counted: bool
) -> None:
    (rule,) = (
        rule
        for rule in prod.of_type("AWS::Events::Rule").values()
        if "rolled back" in rule.get("Description", "")
    )
    (counted,) = (metric["Value"] for metric in alarms(prod)["rollback-failed"]["Dimensions"])
    assert prod.of_type("AWS::Events::Rule")[counted["Ref"]] == rule
    stack_id = f"arn:aws:cloudformation:{DEFAULT_REGION}:123456789012:stack/{stack}/c9e2a3d0"
    # As CloudFormation documents it.
    event = {
        "source": "aws.cloudformation",
        "detail-type": "CloudFormation Stack Status Change",
        "resources": [stack_id],
        "detail": {"stack-id": stack_id, "status-details": {"status": status}},
    }
    assert matches(resolved(rule["EventPattern"]), event) == is_counted


def resolved(pattern: Any) -> Any:
    """The pattern in one region and account."""
    if isinstance(pattern, list):
        return [resolved(each) for each in pattern]
    if not isinstance(pattern, dict):
        return pattern
    if "Fn::Join" in pattern:
        found = text(pattern).replace("${AWS::Partition}", "aws")
        return found.replace("${AWS::AccountId}", "123456789012")
    return {name: resolved(each) for name, each in pattern.items()}


def matches(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Whether EventBridge lets the event pass: each field has one of the values, or prefixes."""
    for name, permitted in pattern.items():
        if isinstance(permitted, dict):
            if not matches(permitted, event[name]):
                return False
        elif not any(
            event[name].startswith(each["prefix"])
            if isinstance(each, dict)
            else each == event[name]
            for each in permitted
        ):
            return False
    return True


def test_the_database_at_its_largest_size(prod: Synthesised) -> None:
    alarm = alarms(prod)["capacity"]
    # The share of `most_acu` that is in use, in percent, as Aurora measures it.
    assert (alarm["MetricName"], alarm["Statistic"]) == ("ACUUtilization", "Average")
    assert alarm["Threshold"] < 100
