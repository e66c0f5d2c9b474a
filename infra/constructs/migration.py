"""Migrations at deploy: the new code is not let in before the database is ready for it."""

from aws_cdk import Duration
from aws_cdk import triggers
from constructs import Construct

from infra.constructs.function import StepFunction


class Migration(Construct):
    """Calls `migrate` whenever it, its layer (which carries `sql/`) or its settings changed.

    A failed migration fails the deployment, and CloudFormation goes back; migrations run
    forward only, so the code that it goes back to must run on the newer schema.
    """

    def __init__(
        self, scope: Construct, migrate: StepFunction, *, before: list[StepFunction]
    ) -> None:
        """Call `migrate` before the functions of `before` are updated."""
        super().__init__(scope, "Migration")
        triggers.Trigger(
            self,
            "Trigger",
            handler=migrate.function,
            timeout=Duration.seconds(migrate.step.timeout_seconds),
            invocation_type=triggers.InvocationType.REQUEST_RESPONSE,
            execute_before=[step.function for step in before],
        )
