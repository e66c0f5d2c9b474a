"""The one Lambda construct: every default of a function stands here."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra import access
from infra.environments import Environment
from infra.layers.sources import function_source
from infra.steps import Role, Step
from infra.variables import variables


class DatabaseAccess(Protocol):
    """How a function of a role gets to the database."""

    def fields(self, role: Role) -> Mapping[str, str]:
        """The database fields of the function's settings."""

    def statements(self, role: Role) -> Sequence[iam.PolicyStatement]:
        """What the function must be allowed so that it may connect as `role`."""

    @property
    def network(self) -> tuple[ec2.IVpc, ec2.ISecurityGroup] | None:
        """The network to place the function in, or None where there is none."""


class StepFunction(Construct):
    """The function of one step, its log group and its role, which is allowed only what is said.

    Raises:
        ValueError: `values` lacks a required field of the step's settings, or has another.
    """

    def __init__(
        self,
        scope: Construct,
        step: Step,
        *,
        environment: Environment,
        layers: Mapping[str, lambda_.ILayerVersion],
        database: DatabaseAccess,
        sources: Path,
        values: Mapping[str, str],
        reserved_concurrency: int | None = None,
    ) -> None:
        """Make the function; `values` are its settings beyond the database's, by field."""
        super().__init__(scope, step.name.capitalize())
        name = f"waybill-{environment.name}-{step.name}"
        network = database.network if step.role else None
        fields = database.fields(step.role) if step.role else {}
        self.step = step
        self.log_group = logs.LogGroup(
            self,
            "Log",
            log_group_name=f"/aws/lambda/{name}",
            retention=access.retention(environment.log_retention_days),
            removal_policy=RemovalPolicy.RETAIN if environment.keep_data else RemovalPolicy.DESTROY,
        )
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description=f"What the step {step.name} may do",
            inline_policies={
                "runtime": access.document(access.runtime(self.log_group, in_vpc=bool(network)))
            },
        )
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=name,
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.X86_64,
            handler=f"functions.{step.name}.handler.handle",
            code=lambda_.Code.from_asset(str(function_source(step.name, sources))),
            layers=[layer for kind, layer in layers.items() if kind == "core" or step.arrow],
            role=self.role,
            log_group=self.log_group,
            timeout=Duration.seconds(step.timeout_seconds),
            memory_size=step.memory_mb,
            reserved_concurrent_executions=reserved_concurrency,
            tracing=lambda_.Tracing.ACTIVE,
            environment={
                **variables(step.settings, {**values, **fields}),
                "POWERTOOLS_SERVICE_NAME": f"waybill-{step.name}",
                # Without NAT, the services are reached over IPv6.
                **({"AWS_USE_DUALSTACK_ENDPOINT": "true"} if network else {}),
            },
            vpc=network[0] if network else None,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
            if network
            else None,
            security_groups=[network[1]] if network else None,
            ipv6_allowed_for_dual_stack=bool(network) or None,
        )
        for statement in database.statements(step.role) if step.role else ():
            self.allow(statement)

    def allow(self, *statements: iam.PolicyStatement) -> None:
        """Let the function do what `statements` say, and no more."""
        for statement in statements:
            self.role.add_to_policy(statement)
