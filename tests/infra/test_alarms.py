"""Alarms notify somebody, have a runbook, and watch metrics that exist."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk.assertions import Template

from infra.alerts import Alerts, InvalidAlertsError
from infra.constructs.alarms import AlarmTopic
from infra.environments import ENVIRONMENTS
from tests.infra.template import Synthesised, text
from waybill.metrics.catalogue import METRICS
from waybill.metrics.embedded import DIMENSION, NAMESPACE

RUNBOOKS = Path(__file__).parents[2] / "infra" / "runbooks"
# Metrics of AWS services, by namespace, as AWS documents them.
AWS_METRICS = {
    "AWS/ApiGateway": {"4XXError", "5XXError", "Count", "Latency"},
    "AWS/Events": {"MatchedEvents"},
    "AWS/Lambda": {"ConcurrentExecutions", "Duration", "Errors", "Invocations", "Throttles"},
    "AWS/RDS": {"ACUUtilization", "DatabaseConnections", "ServerlessDatabaseCapacity"},
    "AWS/SQS": {
        "ApproximateAgeOfOldestMessage",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesVisible",
    },
}
DEAD_LETTERS = {"landed-dlq", "chunks-dlq", "merges-dlq", "extracts-dlq", "undelivered-dlq"}
OTHERS = {
    "landed-old", "chunks-old", "merges-old", "extracts-old", "jobs-not-moving", "jobs-given-up",
    "api-errors", "api-slow", "function-errors", "throttles", "capacity", "connections",
    "reject-share", "refresh-lag", "table-bloat", "migration-failed", "rollback-failed",
    "slow-queries", "sources-late", "unreachable", "lake-failed", "lake-stuck",
}  # fmt: skip


def alarms(synthesised: Synthesised) -> dict[str, Any]:
    prefix = f"waybill-{synthesised.environment}-"
    return {
        str(alarm["AlarmName"]).removeprefix(prefix): alarm
        for alarm in synthesised.of_type("AWS::CloudWatch::Alarm").values()
    }


def metrics_of(alarm: Any) -> list[dict[str, Any]]:
    """The metrics that an alarm reads: one, or those of its expression."""
    if "MetricName" in alarm:
        return [alarm]
    return [each["MetricStat"]["Metric"] for each in alarm["Metrics"] if "MetricStat" in each]


def test_the_alarms_are_these(on_aws: Synthesised) -> None:
    has_all = on_aws.environment != "dev"
    assert alarms(on_aws).keys() == (DEAD_LETTERS | OTHERS if has_all else DEAD_LETTERS)


def test_every_alarm_notifies_the_topic_and_names_its_runbook(on_aws: Synthesised) -> None:
    (topic,) = on_aws.of_type("AWS::SNS::Topic")
    runbooks = set()
    for name, alarm in alarms(on_aws).items():
        for kind in ("AlarmActions", "OKActions"):
            assert [topic in text(action) for action in alarm[kind]] == [True], name
        path = alarm["AlarmDescription"].rpartition("Runbook: ")[2]
        assert path.startswith("infra/runbooks/")
        runbooks.add(Path(path).name)
    pages = {page.name for page in RUNBOOKS.glob("*.md")} - {"README.md"}
    assert runbooks == (pages if on_aws.environment != "dev" else {"dead-letters.md"})


def test_the_outputs_that_the_runbooks_name_are_there(
    synthesise: Callable[[str], Synthesised],
) -> None:
    index = (RUNBOOKS / "README.md").read_text("utf-8")
    named = set(re.findall(r"`([A-Z][a-z]\w+)`", index))
    outputs = [template["Outputs"] for template in synthesise("prod").templates.values()]
    assert len(named) >= 8
    assert named <= {name for each in outputs for name in each}


def test_every_metric_of_an_alarm_is_written(on_aws: Synthesised) -> None:
    own = {metric.cloudwatch for metric in METRICS} - {None}
    filters = on_aws.of_type("AWS::Logs::MetricFilter").values()
    counted = {each["MetricTransformations"][0]["MetricName"] for each in filters}
    for name, alarm in alarms(on_aws).items():
        for metric in metrics_of(alarm):
            if metric["Namespace"] != NAMESPACE:
                assert metric["MetricName"] in AWS_METRICS[metric["Namespace"]], name
            elif metric["MetricName"] not in counted:
                assert metric["MetricName"] in own, name
                assert metric["Dimensions"] == [{"Name": DIMENSION, "Value": on_aws.environment}], (
                    name
                )


def test_an_expression_has_no_more_metrics_than_an_alarm_may_read(on_aws: Synthesised) -> None:
    assert all(len(alarm.get("Metrics", [])) <= 10 for alarm in alarms(on_aws).values())


def template_of(alerts: Alerts) -> Template:
    stack = Stack(App(), "Test")
    AlarmTopic(stack, ENVIRONMENTS["dev"], alerts)
    return Template.from_stack(stack)


def test_receivers_by_email_and_slack_are_subscribed() -> None:
    given = {"email": ["a@example.com", "b@example.com"], "slack_workspace": "T1",
             "slack_channel": "C1"}  # fmt: skip
    template = template_of(Alerts.from_context(given))
    template.resource_count_is("AWS::SNS::Subscription", 2)
    template.has_resource_properties(
        "AWS::Chatbot::SlackChannelConfiguration",
        {"SlackWorkspaceId": "T1", "SlackChannelId": "C1"},
    )


def test_without_receivers_the_topic_has_no_subscribers() -> None:
    template = template_of(Alerts.from_context(None))
    template.resource_count_is("AWS::SNS::Subscription", 0)
    template.resource_count_is("AWS::Chatbot::SlackChannelConfiguration", 0)


@pytest.mark.parametrize(
    "given", [{"email": "nobody"}, {"phone": "1"}, {"slack_channel": "C1"}], ids=json.dumps
)
def test_incomplete_receivers_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(InvalidAlertsError):
        Alerts.from_context(given)
