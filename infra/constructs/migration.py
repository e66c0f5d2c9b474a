"""Database migrations during a deployment, before the new code goes live."""

from aws_cdk import Duration, Stack, triggers
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.constructs.function import LambdaFunction
from infra.constructs.log_group import log_of_provider

_INVOKER = "AWSCDK.TriggerCustomResourceProviderCustomResourceProvider"


class Migration(Construct):
    """Invokes `migrate` when its code, its layer (which contains `sql/`) or its settings change.

    A failed migration fails the deployment and CloudFormation rolls back. Migrations only go
    forward, so the previous code must run on the newer schema.
    """

    def __init__(
        self,
        scope: Construct,
        migrate: LambdaFunction,
        *,
        before: list[LambdaFunction],
        key: kms.IKey | None = None,
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
        trigger.node.add_dependency(log_of_provider(Stack.of(self), _INVOKER, key))
