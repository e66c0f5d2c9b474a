"""The key that encrypts an environment's data: database, buckets, queues and logs."""

from aws_cdk import ArnFormat, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.environments import Environment


def data_key(scope: Construct, environment: Environment) -> kms.Key | None:
    """The environment's own key, or None where AWS's keys are used.

    A cluster's key cannot be changed later, so the key exists from the first deployment. It
    costs 1 USD a month.
    """
    if not environment.own_key:
        return None
    key = kms.Key(
        scope,
        "DataKey",
        description=f"Data of Waybill {environment.name}",
        enable_key_rotation=True,
        # What it encrypted is unreadable without it.
        removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    )
    stack = Stack.of(scope)
    key.add_to_resource_policy(_events(stack))
    key.add_to_resource_policy(_logs(stack))
    key.add_to_resource_policy(_alarms(stack))
    return key


def _events(stack: Stack) -> iam.PolicyStatement:
    """Allow this account's EventBridge rules to send to encrypted queues."""
    return iam.PolicyStatement(
        principals=[iam.ServicePrincipal("events.amazonaws.com")],
        actions=["kms:Decrypt", "kms:GenerateDataKey"],
        resources=["*"],
        conditions={"StringEquals": {"aws:SourceAccount": stack.account}},
    )


def _alarms(stack: Stack) -> iam.PolicyStatement:
    """Allow this account's alarms to notify the encrypted topic."""
    return iam.PolicyStatement(
        principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
        actions=["kms:Decrypt", "kms:GenerateDataKey"],
        resources=["*"],
        conditions={"StringEquals": {"aws:SourceAccount": stack.account}},
    )


def _logs(stack: Stack) -> iam.PolicyStatement:
    """Allow CloudWatch Logs to encrypt this account's log groups."""
    groups = stack.format_arn(
        service="logs",
        resource="log-group",
        resource_name="*",
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
    return iam.PolicyStatement(
        principals=[iam.ServicePrincipal(f"logs.{stack.region}.amazonaws.com")],
        actions=[
            "kms:Decrypt*",
            "kms:DescribeKey",
            "kms:Encrypt*",
            "kms:GenerateDataKey*",
            "kms:ReEncrypt*",
        ],
        resources=["*"],
        conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
    )
