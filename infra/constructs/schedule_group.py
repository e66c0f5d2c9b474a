"""What schedules need that a function makes: a group of their own, and a role that calls it."""

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from infra.constructs.function import qualified_name
from infra.constructs.shared_resources import SharedResources


class ScheduleGroup(Construct):
    """The group `waybill-<env>-<group>` of schedules, which call one function, and their role."""

    def __init__(
        self, scope: Construct, shared: SharedResources, name: str, *, group: str, function: str
    ) -> None:
        """Create the group and the role."""
        super().__init__(scope, name)
        stack = Stack.of(self)
        self.group = f"waybill-{shared.environment.name}-{group}"
        scheduler.CfnScheduleGroup(self, "Group", name=self.group)
        # Written out: the function's environment has this ARN, and cannot refer to itself.
        self.target_arn = stack.format_arn(
            service="lambda",
            resource="function",
            resource_name=qualified_name(shared.environment, function),
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com"),
            description=f"Schedules of {group} call the function {function}",
            inline_policies={
                "call": iam.PolicyDocument(
                    statements=[
                        iam.PolicyStatement(
                            actions=["lambda:InvokeFunction"], resources=[self.target_arn]
                        )
                    ]
                )
            },
        )

    def statements(self, *verbs: str) -> list[iam.PolicyStatement]:
        """What the function needs that makes the schedules: these verbs, such as `Create`."""
        stack = Stack.of(self)
        return [
            iam.PolicyStatement(
                actions=[f"scheduler:{verb}Schedule" for verb in verbs],
                resources=[
                    stack.format_arn(
                        service="scheduler", resource="schedule", resource_name=f"{self.group}/*"
                    )
                ],
            ),
            iam.PolicyStatement(
                actions=["iam:PassRole"],
                resources=[self.role.role_arn],
                conditions={"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}},
            ),
        ]
