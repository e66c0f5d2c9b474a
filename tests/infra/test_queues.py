import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest

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
        assert mapping["ScalingConfig"]["MaximumConcurrency"] >= 2
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
    assert len(rules) == 6
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
    # Each look at the outbox costs a listing.
    often = "rate(5 minutes)" if synthesised.environment == "dev" else "rate(1 minute)"
    assert led == {
        ("landing/", "${ServiceLanded"),
        ("tickets/", "${ServiceLanded"),
        ("job.finished", "${ServiceRefresh"),
        ("rate(5 minutes)", "${ServiceRefresh"),
        (often, "${ServicePublish"),
        ("rate(5 minutes)", "${ServiceReap"),
    }
