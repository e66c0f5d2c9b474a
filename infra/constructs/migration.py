"""Migrations at deploy: the new code is not let in before the database is ready for it."""

from typing import cast

from aws_cdk import CfnResource, Duration, RemovalPolicy, Stack, triggers
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.constructs.function import LambdaFunction

_CALLER = "AWSCDK.TriggerCustomResourceProviderCustomResourceProvider"


class Migration(Construct):
    """Calls `migrate` whenever it, its layer (which carries `sql/`) or its settings changed.

    A failed migration fails the deployment, and CloudFormation goes back; migrations run
    forward only, so the code that it goes back to must run on the newer schema.
    """

    def __init__(
        self, scope: Construct, migrate: LambdaFunction, *, before: list[LambdaFunction]
    ) -> None:
        """Call `migrate` before the functions of `before` are updated."""
        super().__init__(scope, "Migration")
        trigger = triggers.Trigger(
            self,
            "Trigger",
            handler=migrate.function,
            timeout=Duration.seconds(migrate.step.timeout_seconds),
            invocation_type=triggers.InvocationType.REQUEST_RESPONSE,
            execute_before=[step.function for step in before],
        )
        caller = Stack.of(self).node.find_child(_CALLER).node.find_child("Handler")
        log = logs.LogGroup(
            self,
            "Log",
            log_group_name=f"/aws/lambda/{cast(CfnResource, caller).ref}",
            retention=logs.RetentionDays.ONE_MONTH,
            removal_policy=RemovalPolicy.DESTROY,
        )
        # Before the first call, which would make a log group that is kept for ever.
        trigger.node.add_dependency(log)
