"""Each function may do on AWS what its code calls, and nothing else."""

import json
import re
from collections.abc import Callable, Iterator

import pytest

from infra.dualstack import HOSTS
from infra.functions import SPECS
from tests.infra.aws_calls import LANDING, AwsCall, calls_of, unknown_clients
from tests.infra.template import Statement, Synthesised, listed, text

# Of the function's log, traces and network interface.
_RUNTIME = ("logs:", "xray:", "ec2:")
# What Lambda itself does for a function that is called with a queue's messages.
_POLLING = {
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:ReceiveMessage",
}
# Where the password of the database is read.
_PASSWORD = ("secretsmanager", "waybill.database.connect")
_DATA_KEYS = {"kms:Decrypt", "kms:GenerateDataKey"}
_PREFIX = re.compile(r"\}/((?:\w+/)+)\*$")


def _prefixes(statement: Statement, action: str) -> Iterator[str]:
    """The prefixes of the keys that an action is allowed for; "" for other services."""
    for resource in listed(statement["Resource"]) if action.startswith("s3:") else ():
        conditions = statement.get("Condition", {}).get("StringLike", {}).get("s3:prefix", [])
        below = _PREFIX.search(text(resource))
        yield below[1] if below else "".join(listed(conditions)).removesuffix("*") or LANDING
    if not action.startswith("s3:"):
        yield ""


def _granted(found: Synthesised, step: str) -> set[str]:
    return {
        f"{action} {prefix}".strip()
        for statement in found.statements_of(step)
        # The key of the buckets and queues is used through them; another test holds it.
        if "kms:ViaService" not in statement.get("Condition", {}).get("StringEquals", {})
        for action in listed(statement["Action"])
        if not action.startswith(_RUNTIME)
        for prefix in _prefixes(statement, action)
    }


def _consumers(found: Synthesised) -> set[str]:
    mappings = found.of_type("AWS::Lambda::EventSourceMapping").values()
    return {found.invoked(mapping["FunctionName"]) for mapping in mappings}


@pytest.fixture
def dev(synthesise: Callable[[str], Synthesised]) -> Synthesised:
    return synthesise("dev")


@pytest.mark.parametrize("step", SPECS)
def test_a_function_may_do_what_its_code_calls(dev: Synthesised, step: str) -> None:
    calls = calls_of(step)
    if "DATABASE_SECRET_ARN" not in dev.functions()[step]["Environment"]["Variables"]:
        # It logs in with tokens only.
        calls = {call for call in calls if (call.service, call.module) != _PASSWORD}
    needed = {action for call in calls for action in call.actions}
    if step in _consumers(dev):
        needed |= _POLLING
    # An environment without a key for personal data, and without machines.
    needed -= {*_DATA_KEYS, "apigateway:GET"}
    assert _granted(dev, step) == needed


def test_the_key_for_personal_data_is_used_as_the_code_does(
    synthesise: Callable[[str], Synthesised],
) -> None:
    prod = synthesise("prod")
    for step in SPECS:
        needed = {action for call in calls_of(step) for action in call.actions}
        granted = {
            action
            for statement in prod.statements_of(step)
            if "PersonalKey" in json.dumps(statement["Resource"])
            for action in listed(statement["Action"])
        }
        assert granted == needed & _DATA_KEYS, step


def test_functions_in_the_vpc_call_hosts_that_ipv6_reaches(on_aws: Synthesised) -> None:
    inside = [step for step, function in on_aws.functions().items() if "VpcConfig" in function]
    # A token for the database is signed without a call.
    called = {call.service for step in inside for call in calls_of(step)} - {"rds"}
    assert called == HOSTS.keys()


@pytest.mark.parametrize("step", SPECS)
def test_a_function_may_use_the_queues_of_its_settings(dev: Synthesised, step: str) -> None:
    settings = SPECS[step].settings.model_fields
    named = {
        field.removesuffix("_url") for field in settings if field.endswith(("queue_url", "dlq_url"))
    }
    granted = json.dumps(
        [
            statement["Resource"]
            for statement in dev.statements_of(step)
            if any(action.startswith("sqs:") for action in listed(statement["Action"]))
        ]
    )
    # The event rules share one for events that were not delivered.
    granted = granted.replace("ServiceEventRules", "ServiceUndelivered")
    queues = {
        f"{queue[1].lower()}_{'dlq' if queue[2] else 'queue'}"
        for queue in re.finditer(
            r"Service(Landed|Chunks|Merges|Extracts|Undelivered)(Dlq|Dead\w*)?Queue[0-9A-F]{8}",
            granted,
        )
    }
    assert queues == named


def test_every_call_of_boto3_is_on_a_known_client() -> None:
    assert unknown_clients() == set()


def test_calls_are_found_behind_methods_properties_and_the_modules_of_the_library() -> None:
    assert AwsCall("s3", "put_object", "markers/", "waybill.state.markers") in calls_of("merge")
    assert AwsCall("s3", "get_object", "tickets/", "waybill.clients") in calls_of("plan")
    assert AwsCall("s3", "get_object", "contracts/", "waybill.clients") in calls_of("datasets")
    assert {call.service for call in calls_of("docs")} == {"s3"}
