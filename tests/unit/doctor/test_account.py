"""The checks of an account, against moto where it knows the service's state."""

import io
import json
from collections.abc import Iterator, Mapping
from typing import Any
from unittest.mock import patch

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from infra.concurrency import reserved_concurrency
from infra.doctor import account
from infra.doctor.account import EXPECTED, AccountChecks
from infra.doctor.findings import Finding, examine
from infra.environments import choose

REGION = "us-east-1"
ACCOUNT = "123456789012"  # moto's
QUEUES = ("LandedDlq", "ChunksDlq", "MergesDlq", "ExtractsDlq", "UndeliveredDlq")


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[boto3.Session]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        yield boto3.Session(region_name=REGION)


class Session:
    """moto's services, and CloudFormation with these stacks and outputs."""

    def __init__(self, session: boto3.Session, stacks: Mapping[str, Mapping[str, str]]) -> None:
        self._session = session
        self._stacks = stacks
        self.region_name = REGION

    def client(self, service: str) -> Any:
        return self if service == "cloudformation" else self._session.client(service)  # type: ignore[call-overload]

    def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        if StackName not in self._stacks:
            message = f"Stack with id {StackName} does not exist"
            raise ClientError(
                {"Error": {"Code": "ValidationError", "Message": message}}, "DescribeStacks"
            )
        outputs = self._stacks[StackName].items()
        return {
            "Stacks": [
                {
                    "StackStatus": "UPDATE_COMPLETE",
                    "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in outputs],
                }
            ]
        }


@pytest.fixture
def deployed(session: boto3.Session) -> Session:
    """Both stacks of dev, with five queues and a cluster."""
    sqs = session.client("sqs")
    urls = {f"{name}Url": sqs.create_queue(QueueName=name)["QueueUrl"] for name in QUEUES}
    session.client("rds").create_db_cluster(
        DBClusterIdentifier="waybill-dev-0a1b2c3d",
        Engine="aurora-postgresql",
        MasterUsername="waybill_admin",
        MasterUserPassword="not-a-secret",
        EnableIAMDatabaseAuthentication=True,
    )
    put_alarm(session, "chunks-dlq")
    return Session(session, {"waybill-dev-data": {}, "waybill-dev": urls})


def put_alarm(session: Any, name: str) -> None:
    session.client("cloudwatch").put_metric_alarm(
        AlarmName=f"waybill-dev-{name}",
        MetricName="JobsNotMoving",
        Namespace="Waybill",
        Period=300,
        EvaluationPeriods=1,
        Threshold=1,
        Statistic="Maximum",
        ComparisonOperator="GreaterThanOrEqualToThreshold",
    )


def find(session: Session, account_id: str | None = ACCOUNT) -> dict[str, Finding]:
    dev = choose("dev", account=account_id, region=REGION)
    checks = AccountChecks(dev, session)  # type: ignore[arg-type]
    offline = ("network", "certificates", "quota", "inside", "triggers")
    made = [(name, check) for name, check in checks.all() if name not in offline]
    return {one.check: one for one in examine(made, EXPECTED)}


def test_a_sound_environment_has_no_fault(deployed: Session) -> None:
    found = find(deployed)
    assert {name: one.outcome for name, one in found.items()} == dict.fromkeys(
        ("account", "stacks", "alarms", "dead letters", "database"), "ok"
    )


@pytest.mark.parametrize("named", ["111111111111", None])
def test_of_a_wrong_account_nothing_else_is_said(deployed: Session, named: str | None) -> None:
    found = find(deployed, named)
    assert found.keys() == {"account"}
    assert found["account"].outcome == "wrong"
    assert found["account"].found == f"{ACCOUNT}, not {named}"
    assert "cdk.json" in found["account"].advice


def test_credentials_that_are_refused_leave_the_account_unknown(deployed: Session) -> None:
    refusal = ClientError({"Error": {"Code": "ExpiredToken"}}, "GetCallerIdentity")
    with patch.object(AccountChecks, "account", side_effect=refusal):
        found = find(deployed)
    assert {name: one.outcome for name, one in found.items()} == {"account": "unknown"}


def test_an_account_without_the_environment(session: boto3.Session) -> None:
    found = find(Session(session, {}))
    assert found["account"].outcome == "ok"
    assert (found["alarms"].outcome, found["alarms"].found) == ("wrong", "there are none")
    assert found["stacks"].outcome == "unknown"
    assert "waybill-dev-data" in found["stacks"].found
    assert found["database"].advice == "Deploy the environment."


def test_a_stack_that_names_no_queues_is_no_sound_one(session: boto3.Session) -> None:
    found = find(Session(session, {"waybill-dev-data": {}, "waybill-dev": {}}))
    assert found["dead letters"].found == "the stack names no queues"


def test_raised_alarms_and_dead_letters_are_named(deployed: Session) -> None:
    alarms = deployed.client("cloudwatch")
    put_alarm(deployed, "jobs-not-moving")
    alarms.set_alarm_state(
        AlarmName="waybill-dev-jobs-not-moving", StateValue="ALARM", StateReason="a test"
    )
    (stack,) = deployed.describe_stacks("waybill-dev")["Stacks"]
    urls = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
    deployed.client("sqs").send_message(QueueUrl=urls["ChunksDlqUrl"], MessageBody="{}")
    found = find(deployed)
    assert found["alarms"].found == "waybill-dev-jobs-not-moving"
    assert found["dead letters"].found == "ChunksDlq: 1"
    assert "waybill redrive" in found["dead letters"].advice


class CloudWatch:
    """One raised alarm of each kind that is asked for; moto has no composite ones."""

    def client(self, service: str) -> "CloudWatch":
        assert service == "cloudwatch"
        return self

    def get_paginator(self, operation: str) -> "CloudWatch":
        assert operation == "describe_alarms"
        return self

    def paginate(self, **request: Any) -> list[dict[str, Any]]:
        return [
            {f"{kind}s": [{"AlarmName": f"a {kind}", "StateValue": "ALARM"}]}
            for kind in request.get("AlarmTypes", ["MetricAlarm"])
        ]


def test_composite_alarms_are_looked_at_too() -> None:
    checks = AccountChecks(choose("dev", account=ACCOUNT), CloudWatch())  # type: ignore[arg-type]
    assert checks.alarms().found == "a MetricAlarm, a CompositeAlarm"


class Lambda:
    """An account that may run so many functions at a time; moto has no account settings."""

    def __init__(self, concurrent: int) -> None:
        self._concurrent = concurrent

    def client(self, service: str) -> "Lambda":
        assert service == "lambda"
        return self

    def get_account_settings(self) -> dict[str, Any]:
        return {"AccountLimit": {"ConcurrentExecutions": self._concurrent}}


@pytest.mark.parametrize(("spare", "outcome"), [(100, "ok"), (99, "wrong")])
def test_the_quota_leaves_a_hundred_to_other_functions(spare: int, outcome: str) -> None:
    environment = choose("dev", account=ACCOUNT)
    reserved = sum((reserved_concurrency(environment) or {}).values())
    checks = AccountChecks(environment, Lambda(reserved + spare))  # type: ignore[arg-type]
    assert checks.quota().outcome == outcome


@pytest.mark.parametrize(
    ("cluster", "fault"),
    [
        ({"Status": "stopped", "IAMDatabaseAuthenticationEnabled": True}, "c is stopped"),
        ({"Status": "available"}, "IAM authentication is off"),
        (
            {
                "Status": "available",
                "IAMDatabaseAuthenticationEnabled": True,
                "DBClusterMembers": [
                    {
                        "DBInstanceIdentifier": "writer",
                        "DBClusterParameterGroupStatus": "pending-reboot",
                    }
                ],
            },
            "writer: parameters pending-reboot",
        ),
    ],
)
def test_faults_of_a_cluster_are_named(cluster: dict[str, Any], fault: str) -> None:
    assert list(account._faults({"DBClusterIdentifier": "c", **cluster})) == [fault]


@pytest.mark.parametrize(
    ("state", "succeeded"),
    [
        ("CREATE_COMPLETE", True),
        ("UPDATE_COMPLETE", True),
        ("UPDATE_ROLLBACK_COMPLETE", False),
        ("UPDATE_ROLLBACK_FAILED", False),
        ("DELETE_COMPLETE", False),
        ("CREATE_IN_PROGRESS", False),
    ],
)
def test_a_stack_that_was_rolled_back_did_not_succeed(state: str, succeeded: bool) -> None:
    assert account._succeeded(state) == succeeded


def test_a_host_without_ipv6_is_named() -> None:
    checks = AccountChecks(choose("dev"), boto3.Session(region_name=REGION))
    with patch.object(account, "_has_ipv6", lambda host: not host.startswith("sqs")):
        assert checks.network().found == "without IPv6: sqs.us-east-1.api.aws"
    with patch.object(account, "_has_ipv6", lambda _: True):
        assert checks.network().outcome == "ok"


class Inside:
    """A session whose Lambda answers so."""

    def __init__(self, payload: dict[str, Any], error: str | None = None) -> None:
        self._payload, self._error = payload, error
        self.called: dict[str, Any] = {}

    def client(self, service: str) -> "Inside":
        assert service == "lambda"
        return self

    def invoke(self, **call: Any) -> dict[str, Any]:
        self.called = call
        found = {"Payload": io.BytesIO(json.dumps(self._payload).encode())}
        return {**found, **({"FunctionError": self._error} if self._error else {})}


def inside(session: Inside) -> Finding:
    dev = choose("dev", account=ACCOUNT, region=REGION)
    return AccountChecks(dev, session).inside()  # type: ignore[arg-type]


def test_the_function_inside_the_vpc_is_invoked() -> None:
    findings = [{"check": "database", "ok": True, "found": "PostgreSQL 18, TLS"}]
    session = Inside({"findings": findings})
    assert inside(session) == Finding("inside", "ok", "PostgreSQL 18, TLS")
    assert session.called["FunctionName"] == "waybill-dev-health:live"
    assert json.loads(session.called["Payload"]) == {"action": "doctor"}


def test_what_fails_inside_is_named() -> None:
    failed = [{"check": "hosts", "ok": False, "found": "unreachable: sqs.us-east-1.api.aws"}]
    found = inside(Inside({"findings": failed}))
    assert (found.outcome, found.found) == ("wrong", "hosts: unreachable: sqs.us-east-1.api.aws")
    found = inside(Inside({"errorMessage": "Task timed out"}, "Unhandled"))
    assert (found.outcome, found.found) == ("wrong", "Task timed out")
