"""Checks of an environment on AWS that only an account can answer. They only read."""

import json
import socket
from collections.abc import Iterator
from typing import Any, Final, Literal, NamedTuple

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.concurrency import reserved_concurrency
from infra.constructs.function import qualified_name
from infra.doctor.findings import Check, Finding, ok, wrong
from infra.doctor.triggers import check_triggers
from infra.dualstack import HOSTS
from infra.environments import Environment
from infra.layers.certificates import BUNDLE, published_bundle

EXPECTED = (BotoCoreError, ClientError, OSError, LookupError, ValueError)
# What Lambda keeps for functions without a reservation.
_KEPT_CONCURRENCY = 100
# Without them CloudWatch lists alarms on metrics only.
_ALARM_TYPES: Final[list[Literal["MetricAlarm", "CompositeAlarm"]]] = [
    "MetricAlarm",
    "CompositeAlarm",
]
_DOCTOR = json.dumps({"action": "doctor"}).encode()
_DEAD_LETTERS = "DlqUrl"
"""How the outputs with the addresses of dead-letter queues end."""


class AccountChecks(NamedTuple):
    """The checks of `environment`, with the credentials of `session`."""

    environment: Environment
    session: boto3.Session

    def all(self) -> Iterator[tuple[str, Check]]:
        """Each check by name."""
        yield "account", self.account
        if not self._is_ours():
            # What another account has says nothing.
            return
        yield "stacks", self.stacks
        yield "quota", self.quota
        yield "alarms", self.alarms
        yield "dead letters", self.dead_letters
        yield "triggers", lambda: check_triggers(self.session, self._name)
        yield "database", self.database
        yield "inside", self.inside
        yield "network", self.network
        yield "certificates", self.certificates

    @property
    def _name(self) -> str:
        return f"waybill-{self.environment.name}"

    def _is_ours(self) -> bool:
        try:
            return self.account().outcome == "ok"
        except EXPECTED:
            return False

    def account(self) -> Finding:
        """The credentials are of the environment's account."""
        found = str(self.session.client("sts").get_caller_identity()["Account"])
        if found != self.environment.account:
            advice = f"Name {self.environment.name}'s account in cdk.json, or use its credentials."
            return wrong("account", f"{found}, not {self.environment.account}", advice)
        return ok("account", found)

    def stacks(self) -> Finding:
        """Both stacks are there, and their last deployment succeeded."""
        states = {
            name: self._stack(name)["StackStatus"] for name in (f"{self._name}-data", self._name)
        }
        failed = {name: state for name, state in states.items() if not _succeeded(state)}
        if failed:
            found = ", ".join(f"{name}: {state}" for name, state in failed.items())
            advice = "Read the stack's events; `cdk deploy` again after the cause is mended"
            return wrong("stacks", found, f"{advice} (`cdk rollback` first where it is stuck).")
        return ok("stacks", ", ".join(states.values()))

    def quota(self) -> Finding:
        """The account may run as many functions at a time as are reserved."""
        needed = sum((reserved_concurrency(self.environment) or {}).values()) + _KEPT_CONCURRENCY
        limits = self.session.client("lambda").get_account_settings()["AccountLimit"]
        allowed = int(limits["ConcurrentExecutions"])
        if allowed < needed:
            advice = "Ask for an increase of Lambda's quota 'Concurrent executions'; it is free."
            return wrong("quota", f"{allowed} concurrent executions, {needed} needed", advice)
        return ok("quota", f"{allowed} concurrent executions, {needed} needed")

    def alarms(self) -> Finding:
        """The environment has alarms, and none is raised."""
        pages = self.session.client("cloudwatch").get_paginator("describe_alarms")
        alarms = [
            alarm
            for page in pages.paginate(AlarmNamePrefix=f"{self._name}-", AlarmTypes=_ALARM_TYPES)
            for kind in ("MetricAlarms", "CompositeAlarms")
            for alarm in page.get(kind, [])
        ]
        raised = [alarm["AlarmName"] for alarm in alarms if alarm["StateValue"] == "ALARM"]
        if not alarms:
            return wrong("alarms", "there are none", "Deploy the environment.")
        if raised:
            return wrong("alarms", ", ".join(raised), "infra/README.md, Operate, says what to do.")
        return ok("alarms", f"none of {len(alarms)} is raised")

    def dead_letters(self) -> Finding:
        """No message was given up."""
        found_outputs = self._stack(self._name)["Outputs"]
        outputs = {one["OutputKey"]: one["OutputValue"] for one in found_outputs}
        queues = {name: url for name, url in outputs.items() if name.endswith(_DEAD_LETTERS)}
        counts = {name.removesuffix("Url"): self._messages(url) for name, url in queues.items()}
        if not queues:
            return wrong("dead letters", "the stack names no queues", "Deploy the environment.")
        full = {name: count for name, count in counts.items() if count}
        if full:
            found = ", ".join(f"{name}: {count}" for name, count in full.items())
            advice = "Find the cause in the functions' logs, then `waybill redrive`."
            return wrong("dead letters", found, advice)
        return ok("dead letters", f"none in {len(queues)} queues")

    def _messages(self, queue_url: str) -> int:
        attributes = self.session.client("sqs").get_queue_attributes(
            QueueUrl=queue_url, AttributeNames=["ApproximateNumberOfMessages"]
        )["Attributes"]
        return int(attributes["ApproximateNumberOfMessages"])

    def database(self) -> Finding:
        """The cluster is available (or paused), takes IAM tokens, and has its parameters."""
        clusters = self.session.client("rds").describe_db_clusters()["DBClusters"]
        ours = [one for one in clusters if one["DBClusterIdentifier"].startswith(f"{self._name}-")]
        if not ours:
            return wrong("database", "there is no cluster", "Deploy the environment.")
        faults = [fault for one in ours for fault in _faults(one)]
        if faults:
            advice = "Wait for changes in progress; reboot an instance with pending parameters."
            return wrong("database", "; ".join(faults), advice)
        return ok("database", ", ".join(f"PostgreSQL {one['EngineVersion']}" for one in ours))

    def inside(self) -> Finding:
        """From inside the VPC: database, storage and hosts, as a function sees them."""
        response = self.session.client("lambda").invoke(
            FunctionName=qualified_name(self.environment, "health"), Payload=_DOCTOR
        )
        report = json.loads(response["Payload"].read())
        if response.get("FunctionError"):
            found = str(report.get("errorMessage", "the function failed"))
            return wrong("inside", found, "Read the log of the function health.")
        failed = [one for one in report["findings"] if not one["ok"]]
        if failed:
            found = "; ".join(f"{one['check']}: {one['found']}" for one in failed)
            advice = "Compare routes, security groups and roles with the templates: `cdk diff`."
            return wrong("inside", found, advice)
        return ok("inside", "; ".join(one["found"] for one in report["findings"]))

    def network(self) -> Finding:
        """The hosts that functions in the VPC call have IPv6 addresses in this region."""
        region = self.session.region_name or self.environment.region
        hosts = [host.format(region=region) for host in HOSTS.values()]
        missing = [host for host in hosts if not _has_ipv6(host)]
        if missing:
            advice = "Use a region whose endpoints are dual-stack, or add interface endpoints."
            return wrong("network", f"without IPv6: {', '.join(missing)}", advice)
        return ok("network", f"{len(hosts)} hosts with IPv6")

    def certificates(self) -> Finding:
        """The bundle of root certificates is the one that AWS publishes."""
        if published_bundle() != BUNDLE.read_text():
            advice = "Run `python -m infra.layers.certificates`, look at the change, and deploy."
            return wrong("certificates", "AWS publishes others", advice)
        return ok("certificates", "as AWS publishes them")

    def _stack(self, name: str) -> dict[str, Any]:
        stacks = self.session.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        return dict(stacks[0])


def _succeeded(state: str) -> bool:
    return state.endswith("_COMPLETE") and "ROLLBACK" not in state and "DELETE" not in state


def _faults(cluster: dict[str, Any]) -> Iterator[str]:
    if cluster["Status"] != "available":
        yield f"{cluster['DBClusterIdentifier']} is {cluster['Status']}"
    if not cluster.get("IAMDatabaseAuthenticationEnabled"):
        yield "IAM authentication is off"
    for member in cluster.get("DBClusterMembers", []):
        state = member.get("DBClusterParameterGroupStatus", "in-sync")
        if state != "in-sync":
            yield f"{member['DBInstanceIdentifier']}: parameters {state}"


def _has_ipv6(host: str) -> bool:
    try:
        return bool(socket.getaddrinfo(host, 443, socket.AF_INET6))
    except OSError:
        return False
