"""Sends the errors in the functions' logs to an error tracker."""

from collections.abc import Mapping

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_logs_destinations as destinations
from constructs import Construct

from infra.access import read_secret
from infra.constructs.function import LambdaFunction
from infra.constructs.shared_resources import SharedResources
from infra.error_tracking import ErrorTracker
from infra.functions import REPORTER

# A storm of errors may not take the concurrency of others; what is not sent is in the log.
_CONCURRENCY = 2
_FILTERS: Mapping[str, str] = {
    "Errors": '{ $.level = "ERROR" }',
    # Written by Lambda itself, as text.
    "Killed": '?"Task timed out" ?"Runtime.ExitError" ?"[ERROR]"',
}


class ErrorReports(Construct):
    """A function outside the VPC, subscribed to the log of each other function."""

    def __init__(
        self,
        scope: Construct,
        shared: SharedResources,
        tracker: ErrorTracker,
        functions: Mapping[str, LambdaFunction],
    ) -> None:
        """Subscribe the function to the logs of `functions`."""
        super().__init__(scope, "ErrorReports")
        values = {"dsn_secret": tracker.secret, "report_environment": shared.environment.name}
        reporter = LambdaFunction(self, REPORTER, shared, values, reserved_concurrency=_CONCURRENCY)
        reporter.allow(read_secret(self, tracker.secret))
        # One permission for all log groups of the account, rather than one for each.
        reporter.target.add_permission(
            "Logs",
            principal=iam.ServicePrincipal("logs.amazonaws.com"),
            source_account=Stack.of(self).account,
            source_arn=Stack.of(self).format_arn(
                service="logs",
                resource="log-group",
                resource_name="*",
                arn_format=ArnFormat.COLON_RESOURCE_NAME,
            ),
        )
        target = destinations.LambdaDestination(reporter.target, add_permissions=False)
        for name, function in functions.items():
            for kind, pattern in _FILTERS.items():
                logs.SubscriptionFilter(
                    self,
                    f"{name.capitalize()}{kind}",
                    log_group=function.log_group,
                    destination=target,
                    filter_pattern=logs.FilterPattern.literal(pattern),
                )
