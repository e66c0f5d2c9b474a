"""Database migrations during a deployment, before the new code goes live."""

from typing import cast

from aws_cdk import CfnResource, Duration, RemovalPolicy, Stack, triggers
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.constructs.function import LambdaFunction

_INVOKER = "AWSCDK.TriggerCustomResourceProviderCustomResourceProvider"


class Migration(Construct):
    """Invokes `migrate` when its code, its layer (which contains `sql/`) or its settings change.

    A failed migration fails the deployment and CloudFormation rolls back. Migrations only go
    forward, so the previous code must run on the newer schema.
    """

    def __init__(
        self, scope: Construct, migrate: LambdaFunction, *, before: list[LambdaFunction]
    ) -> None:
        """Invoke `migrate` before the functions of `before` are updated."""
        super().__init__(scope, "Migration")
        trigger = triggers.Trigger(
            self,
            "Trigger",
            handler=migrate.function,
            timeout=Duration.seconds(migrate.spec.timeout_seconds),
            invocation_type=triggers.InvocationType.REQUEST_RESPONSE,
            execute_before=[function.function for function in before],
        )
        invoker = Stack.of(self).node.find_child(_INVOKER).node.find_child("Handler")
        log = logs.LogGroup(
            self,
            "Log",
            log_group_name=f"/aws/lambda/{cast(CfnResource, invoker).ref}",
            retention=logs.RetentionDays.ONE_MONTH,
            removal_policy=RemovalPolicy.DESTROY,
        )
        # Otherwise the first invocation creates a log group that never expires.
        trigger.node.add_dependency(log)
