"""What the schedules of sources need: a group of their own, and a role that calls one function."""

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from infra.constructs.function import qualified_name
from infra.constructs.shared_resources import SharedResources


class SourceSchedules(Construct):
    """The group of the schedules, which the function `sources` makes, and their role."""

    def __init__(self, scope: Construct, shared: SharedResources) -> None:
        """Create the group and the role."""
        super().__init__(scope, "SourceSchedules")
        stack = Stack.of(self)
        prefix = f"waybill-{shared.environment.name}"
        self.group = f"{prefix}-sources"
        scheduler.CfnScheduleGroup(self, "Group", name=self.group)
        # Written out: the function's environment has this ARN, and cannot refer to itself.
        self.target_arn = stack.format_arn(
            service="lambda",
            resource="function",
            resource_name=qualified_name(shared.environment, "sources"),
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com"),
            description="Schedules of sources call the function sources",
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

    def statements(self) -> list[iam.PolicyStatement]:
        """What the function needs that makes the schedules."""
        stack = Stack.of(self)
        return [
            iam.PolicyStatement(
                actions=[f"scheduler:{verb}Schedule" for verb in ("Create", "Delete", "Update")],
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
