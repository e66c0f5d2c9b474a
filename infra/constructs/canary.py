"""A release of the API is given to a tenth of the requests first, and rolled back by alarms."""

from collections.abc import Mapping, Sequence

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.constructs.function import LambdaFunction

# Longer than the alarms need: two and three periods of five minutes.
_CONFIG = codedeploy.LambdaDeploymentConfig.CANARY_10_PERCENT_30_MINUTES


def answers_requests(function: LambdaFunction) -> bool:
    """Whether API Gateway calls the function, for a response or for permission."""
    return function.spec.package.startswith("api.") or function.spec.name == "authorizer"


class Canary(Construct):
    """Moves the aliases of the functions that answer requests, all at the same time.

    The queues' functions are moved at once: what fails there is delivered again.
    """

    def __init__(
        self,
        scope: Construct,
        functions: Mapping[str, LambdaFunction],
        alarms: Sequence[cloudwatch.Alarm],
    ) -> None:
        """Create the deployment groups; one of `alarms` ends a deployment and moves back."""
        super().__init__(scope, "Canary")
        application = codedeploy.LambdaApplication(self, "Application")
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("codedeploy.amazonaws.com"),
            description="CodeDeploy moves the aliases of the API's functions",
        )
        for name, function in functions.items():
            if function.alias and answers_requests(function):
                codedeploy.LambdaDeploymentGroup(
                    self,
                    name.capitalize(),
                    application=application,
                    role=role,
                    alias=function.alias,
                    deployment_config=_CONFIG,
                    alarms=list(alarms),
                    auto_rollback=codedeploy.AutoRollbackConfig(
                        deployment_in_alarm=True, failed_deployment=True, stopped_deployment=True
                    ),
                )
