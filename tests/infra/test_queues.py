import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from infra.cost import load as per
from infra.cost.model import idle_receives
from infra.environments import ENVIRONMENTS
from tests.infra.template import Resource, Synthesised, text
from waybill.metrics.embedded import DIMENSION, NAMESPACE

Queues = dict[str, Mapping[str, Any]]


def queues(synthesised: Synthesised) -> tuple[Queues, Queues]:
    found = synthesised.of_type("AWS::SQS::Queue")
    dead = {name: queue for name, queue in found.items() if queue["QueueName"].endswith("-dlq")}
    return {name: queue for name, queue in found.items() if name not in dead}, dead


def test_every_queue_has_a_dlq(synthesised: Synthesised) -> None:
    working, dead = queues(synthesised)
    assert len(working) == 4
    redriven = {
        queue["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0] for queue in working.values()
    }
    assert len(redriven) == 4
    assert redriven < dead.keys()
    assert all(queue["RedrivePolicy"]["maxReceiveCount"] == 5 for queue in working.values())


def test_every_dlq_has_an_alarm_at_its_first_message(synthesised: Synthesised) -> None:
    _, dead = queues(synthesised)
    watched = {
        alarm["Dimensions"][0]["Value"]["Fn::GetAtt"][0]
        for alarm in synthesised.of_type("AWS::CloudWatch::Alarm").values()
        if alarm.get("MetricName") == "ApproximateNumberOfMessagesVisible"
        and alarm["Threshold"] == 1
    }
    assert watched == dead.keys()


@pytest.mark.parametrize("name", ["local", "staging", "prod"])
def test_jobs_that_do_not_move_raise_an_alarm(
    synthesise: Callable[[str], Synthesised], name: str
) -> None:
    synthesised = synthesise(name)
    alarms = synthesised.of_type("AWS::CloudWatch::Alarm").values()
    (alarm,) = [alarm for alarm in alarms if alarm.get("MetricName") == "JobsNotMoving"]
    assert (alarm["Namespace"], alarm["Threshold"]) == (NAMESPACE, 1)
    (dimension,) = alarm["Dimensions"]
    assert dimension == {"Name": DIMENSION, "Value": synthesised.environment}


def test_messages_are_encrypted_and_kept_for_two_weeks(synthesised: Synthesised) -> None:
    for queue in synthesised.of_type("AWS::SQS::Queue").values():
        if synthesised.environment in ("staging", "prod"):
            assert "DataKey" in text(queue["KmsMasterKeyId"])
        else:
            assert queue["SqsManagedSseEnabled"] is True
        assert queue["MessageRetentionPeriod"] == 14 * 86_400


def test_queues_are_reached_over_tls_only(on_aws: Synthesised) -> None:
    guarded = {
        queue["Ref"]
        for policy in on_aws.of_type("AWS::SQS::QueuePolicy").values()
        for queue in policy["Queues"]
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny"
        and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    }
    assert guarded == on_aws.of_type("AWS::SQS::Queue").keys()


def is_limited(mapping: Mapping[str, Any]) -> bool:
    return "MaximumConcurrency" in mapping.get("ScalingConfig", {})


def test_the_idle_cost_counts_the_pollers_of_every_queue(on_aws: Synthesised) -> None:
    mappings = on_aws.of_type("AWS::Lambda::EventSourceMapping").values()
    assert len(mappings) == per.POLLED_QUEUES
    pollers = [per.LIMITED_POLLERS if is_limited(one) else per.FREE_POLLERS for one in mappings]
    environment = ENVIRONMENTS[on_aws.environment]
    assert idle_receives(environment) == sum(pollers) * per.POLLS


def test_a_message_stays_hidden_for_six_timeouts(synthesised: Synthesised) -> None:
    working, _ = queues(synthesised)
    mappings = synthesised.of_type("AWS::Lambda::EventSourceMapping").values()
    fed = {}
    for mapping in mappings:
        queue = working[mapping["EventSourceArn"]["Fn::GetAtt"][0]]
        step = synthesised.invoked(mapping["FunctionName"])
        function = synthesised.functions()[step]
        assert queue["VisibilityTimeout"] >= 6 * function["Timeout"]
        assert mapping["BatchSize"] == 1
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        if is_limited(mapping):
            assert mapping["ScalingConfig"]["MaximumConcurrency"] >= 2
        else:
            assert (synthesised.environment, step) == ("dev", "extract")
        fed[queue["QueueName"].rsplit("-", 1)[-1]] = step
    assert fed == {
        "landed": "plan",
        "chunks": "load",
        "merges": "merge",
        "extracts": "extract",
    }


def rules_with_targets(synthesised: Synthesised) -> list[Resource]:
    """All but the rule whose matches an alarm counts."""
    rules = synthesised.of_type("AWS::Events::Rule").values()
    return [rule for rule in rules if rule.get("Targets")]


def test_undeliverable_events_go_to_a_dlq(synthesised: Synthesised) -> None:
    _, dead = queues(synthesised)
    rules = rules_with_targets(synthesised)
    assert len(rules) == 7
    for rule in rules:
        for target in rule["Targets"]:
            assert target["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0] in dead


def test_rules_have_their_targets(synthesised: Synthesised) -> None:
    led = set()
    for rule in rules_with_targets(synthesised):
        pattern = rule.get("EventPattern", {})
        detail = pattern.get("detail", {}).get("object", {}).get("key", [{}])[0].get("prefix")
        source = detail or pattern.get("detail-type", [rule.get("ScheduleExpression")])[0]
        (target,) = rule["Targets"]
        led.add((source, re.split("Function|Alias|Queue", text(target["Arn"]))[0]))
    # Each look at what there is to do costs listings.
    is_dev = synthesised.environment == "dev"
    often = "rate(5 minutes)" if is_dev else "rate(1 minute)"
    sweep = "rate(10 minutes)" if is_dev else "rate(5 minutes)"
    assert led == {
        ("landing/", "${ServiceLanded"),
        ("tickets/", "${ServiceLanded"),
        ("job.finished", "${ServiceRefresh"),
        ("digest.made", "${ServiceNotify"),
        (sweep, "${ServiceRefresh"),
        (often, "${ServicePublish"),
        (sweep, "${ServiceReap"),
    }
