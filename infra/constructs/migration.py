"""Database migrations during a deployment, before the new code goes live."""

from aws_cdk import CustomResource, Duration, RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import custom_resources as custom
from constructs import Construct

from infra.constructs.function import LambdaFunction

# The longest that CloudFormation waits for a resource.
_LONGEST = Duration.hours(1)
_PAUSE = Duration.seconds(10)


class Migration(Construct):
    """Calls `migrate` when its code, its layer (which contains `sql/`) or its settings change.

    It is called again until it says that it is complete: a migration may take longer than a
    function. A failed one fails the deployment and CloudFormation rolls back, which calls the
    former version. Migrations only go forward, so the former code must run on the newer schema.
    """

    def __init__(
        self,
        scope: Construct,
        migrate: LambdaFunction,
        *,
        before: list[LambdaFunction],
        key: kms.IKey | None = None,
    ) -> None:
        """Call `migrate` before the functions of `before` are updated."""
        super().__init__(scope, "Migration")
        version = migrate.function.current_version
        log = logs.LogGroup(
            self,
            "Log",
            encryption_key=key,
            retention=logs.RetentionDays.ONE_MONTH,
            removal_policy=RemovalPolicy.DESTROY,
        )
        provider = custom.Provider(
            self,
            "Provider",
            on_event_handler=version,
            is_complete_handler=version,
            query_interval=_PAUSE,
            total_timeout=_LONGEST,
            log_group=log,
        )
        run = CustomResource(
            self,
            "Run",
            resource_type="Custom::Migration",
            service_token=provider.service_token,
            properties={"Version": version.function_arn},
        )
        for function in before:
            function.function.node.add_dependency(run)
