"""The Lambda construct: every default of a function is set here."""

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra import access
from infra.constructs.log_group import log_group
from infra.constructs.shared_resources import SharedResources
from infra.environments import Environment
from infra.functions import FunctionSpec
from infra.layers.sources import function_source
from infra.variables import variables
from waybill.settings import ApiSettings, ReaderSettings

ALIAS = "live"
"""Of the version that serves; a release moves it."""


def qualified_name(environment: Environment, name: str) -> str:
    """The name to invoke the function `name` by."""
    function = f"waybill-{environment.name}-{name}"
    return function if environment.is_local else f"{function}:{ALIAS}"


class LambdaFunction(Construct):
    """A function with its log group and a role that has only the permissions it is given.

    Raises:
        ValueError: `values` lacks a required field of the settings, or has an unknown one.
    """

    def __init__(
        self,
        scope: Construct,
        spec: FunctionSpec,
        shared: SharedResources,
        values: Mapping[str, str],
        *,
        reserved_concurrency: int | None = None,
    ) -> None:
        """Create the function; `values` are its settings by field, without the database's."""
        super().__init__(scope, spec.name.capitalize())
        self.spec = spec
        name = f"waybill-{shared.environment.name}-{spec.name}"
        network = shared.database.network if spec.role else None
        self.log_group = log_group(
            self, shared.environment, shared.key, local_name=f"/aws/lambda/{name}"
        )
        self._permissions = iam.PolicyDocument()
        self.role = self._role(in_vpc=network is not None)
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=name,
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.X86_64,
            handler=f"{spec.module}.handler.handle",
            code=lambda_.Code.from_asset(str(function_source(spec, shared.sources))),
            code_signing_config=shared.code_signing,
            layers=[layer for name, layer in shared.layers.items() if name in spec.layers],
            # What the CDK would add by itself becomes a policy of its own, one resource a function.
            role=self.role.without_policy_updates(),
            log_group=self.log_group,
            timeout=Duration.seconds(spec.timeout_seconds),
            memory_size=spec.memory_mb,
            reserved_concurrent_executions=reserved_concurrency,
            tracing=lambda_.Tracing.ACTIVE,
            environment=self._variables(shared, values),
            vpc=network[0] if network else None,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
            if network
            else None,
            security_groups=[network[1]] if network else None,
            ipv6_allowed_for_dual_stack=True if network else None,
        )
        self.alias = None if shared.environment.is_local else self._alias()
        if spec.role:
            self.allow(*shared.database.statements(spec.role))

    @property
    def target(self) -> lambda_.IFunction:
        """What events, schedules and requests invoke: the alias, in the emulator the function.

        The emulator's functions are replaced in place, so that a deployment takes seconds.
        """
        return self.alias or self.function

    def _alias(self) -> lambda_.Alias:
        return lambda_.Alias(self, "Alias", alias_name=ALIAS, version=self.function.current_version)

    def allow(self, *statements: iam.PolicyStatement) -> None:
        """Add `statements` to the function's role."""
        self._permissions.add_statements(*statements)

    def _role(self, *, in_vpc: bool) -> iam.Role:
        runtime = access.document(access.runtime(self.log_group, in_vpc=in_vpc))
        return iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description=f"Permissions of the function {self.spec.name}",
            inline_policies={"runtime": runtime, "permissions": self._permissions},
        )

    def _variables(self, shared: SharedResources, values: Mapping[str, str]) -> Mapping[str, str]:
        role = self.spec.role
        database = dict(shared.database.fields(role)) if role else {}
        if shared.database.reader_host and issubclass(self.spec.settings, ReaderSettings):
            database["database_reader_host"] = shared.database.reader_host
        origin = shared.environment.browser_origin
        if origin and issubclass(self.spec.settings, ApiSettings):
            database["browser_origin"] = origin
        own = {"POWERTOOLS_SERVICE_NAME": "waybill"}
        if role and shared.database.network:
            # There is no NAT: AWS services are reached over IPv6.
            own["AWS_USE_DUALSTACK_ENDPOINT"] = "true"
        return variables(self.spec.settings, {**values, **database}) | own
