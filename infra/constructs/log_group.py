"""Log groups: retention, encryption and removal are the same for all of an environment."""

from typing import cast

from aws_cdk import CfnResource, RemovalPolicy, Stack
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.access import retention
from infra.environments import Environment


def removal_policy(environment: Environment) -> RemovalPolicy:
    """What happens to stored data when their resource leaves the stack.

    Kept data are still deleted when the creation fails, so that it can be tried again.
    """
    if environment.keep_data:
        return RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
    return RemovalPolicy.DESTROY


def log_of_provider(stack: Stack, provider: str, key: kms.IKey | None = None) -> logs.LogGroup:
    """The log group of a function that the CDK adds for a custom resource.

    Otherwise its first invocation creates one that never expires.
    """
    function = stack.node.find_child(provider).node.find_child("Handler")
    return logs.LogGroup(
        stack,
        f"{provider}Log",
        log_group_name=f"/aws/lambda/{cast(CfnResource, function).ref}",
        encryption_key=key,
        retention=logs.RetentionDays.ONE_MONTH,
        removal_policy=RemovalPolicy.DESTROY,
    )


def log_group(
    scope: Construct,
    environment: Environment,
    key: kms.IKey | None,
    *,
    local_name: str | None = None,
) -> logs.LogGroup:
    """A log group; on AWS CloudFormation generates its name, locally it is `local_name`.

    A kept group with a fixed name would make the next deployment of a deleted stack fail.
    """
    return logs.LogGroup(
        scope,
        "Log",
        log_group_name=local_name if environment.is_local else None,
        encryption_key=key,
        retention=retention(environment.log_retention_days),
        removal_policy=removal_policy(environment),
    )
