"""The one Lambda construct: every default of a function stands here."""

from collections.abc import Mapping

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra import access
from infra.constructs.shared_resources import SharedResources
from infra.environments import Environment
from infra.functions import FunctionSpec
from infra.layers.sources import function_source
from infra.variables import variables


class LambdaFunction(Construct):
    """The function of one step, its log group and its role, which is allowed only what is said.

    Raises:
        ValueError: `values` lacks a required field of the step's settings, or has another.
    """

    def __init__(
        self,
        scope: Construct,
        step: FunctionSpec,
        ground: SharedResources,
        values: Mapping[str, str],
        *,
        reserved_concurrency: int | None = None,
    ) -> None:
        """Make the function; `values` are its settings beyond the database's, by field."""
        super().__init__(scope, step.name.capitalize())
        self.step = step
        name = f"waybill-{ground.environment.name}-{step.name}"
        network = ground.database.network if step.role else None
        self.log_group = self._log(name, ground.environment)
        self.role = self._role(in_vpc=network is not None)
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=name,
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.X86_64,
            handler=f"{step.module}.handler.handle",
            code=lambda_.Code.from_asset(str(function_source(step, ground.sources))),
            layers=[la for kind, la in ground.layers.items() if kind == "core" or step.arrow],
            role=self.role,
            log_group=self.log_group,
            timeout=Duration.seconds(step.timeout_seconds),
            memory_size=step.memory_mb,
            reserved_concurrent_executions=reserved_concurrency,
            tracing=lambda_.Tracing.ACTIVE,
            environment=self._variables(ground, values),
            vpc=network[0] if network else None,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
            if network
            else None,
            security_groups=[network[1]] if network else None,
            ipv6_allowed_for_dual_stack=True if network else None,
        )
        if step.role:
            self.allow(*ground.database.statements(step.role))

    def allow(self, *statements: iam.PolicyStatement) -> None:
        """Let the function do what `statements` say, and no more."""
        for statement in statements:
            self.role.add_to_policy(statement)

    def _log(self, name: str, environment: Environment) -> logs.LogGroup:
        return logs.LogGroup(
            self,
            "Log",
            log_group_name=f"/aws/lambda/{name}",
            retention=access.retention(environment.log_retention_days),
            removal_policy=RemovalPolicy.RETAIN if environment.keep_data else RemovalPolicy.DESTROY,
        )

    def _role(self, *, in_vpc: bool) -> iam.Role:
        runtime = access.document(access.runtime(self.log_group, in_vpc=in_vpc))
        return iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description=f"What the step {self.step.name} may do",
            inline_policies={"runtime": runtime},
        )

    def _variables(self, ground: SharedResources, values: Mapping[str, str]) -> Mapping[str, str]:
        role = self.step.role
        database = ground.database.fields(role) if role else {}
        own = {"POWERTOOLS_SERVICE_NAME": "waybill"}
        if role and ground.database.network:
            # Without NAT, the services are reached over IPv6.
            own["AWS_USE_DUALSTACK_ENDPOINT"] = "true"
        return variables(self.step.settings, {**values, **database}) | own
