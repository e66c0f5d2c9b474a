"""An environment on AWS: one stack for the data, one for the service."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from aws_cdk import CfnOutput, Fn, Stack
from aws_cdk import Environment as Target
from constructs import Construct

from infra.alerts import Alerts
from infra.code_signing import CodeSigning
from infra.constructs.alarms import AlarmTopic, alarm_names
from infra.constructs.aurora import Aurora
from infra.constructs.buckets import Buckets
from infra.constructs.cache_server import CacheServer
from infra.constructs.dashboard import Dashboard
from infra.constructs.data_key import data_key
from infra.constructs.error_reports import ErrorReports
from infra.constructs.layers import make_layers
from infra.constructs.migration import Migration
from infra.constructs.network import Network
from infra.constructs.offsite_backup import OffsiteBackup
from infra.constructs.personal_key import personal_key
from infra.constructs.service import Service
from infra.constructs.shared_resources import SharedResources
from infra.constructs.signed_code import signed_code
from infra.constructs.user_pool import UserPool
from infra.environments import Environment
from infra.error_tracking import ErrorTracker
from infra.identity import ExternalIssuer
from infra.machines import Machines
from infra.offsite import Offsite
from infra.restore import Restore
from infra.stacks.console import add_console


class Named(NamedTuple):
    """What `cdk.json` names for an environment's data."""

    alerts: Alerts
    restore: Restore | None = None
    """What the database is created from; empty without."""
    issuer: ExternalIssuer | None = None
    """Of tokens; without one there is a pool of users."""
    offsite: Offsite | None = None


class ServiceContext(NamedTuple):
    """What `cdk.json` names for an environment's service: machines that call it, who signs it."""

    machines: Machines = MappingProxyType({})
    signing: CodeSigning | None = None


class DataStack(Stack):
    """Network, buckets and database, separate from changes to the service."""

    def __init__(
        self,
        scope: Construct,
        environment: Environment,
        named: Named,
    ) -> None:
        """Create the resources, as `cdk.json` says."""
        super().__init__(
            scope,
            f"waybill-{environment.name}-data",
            env=Target(account=environment.account, region=environment.region),
            termination_protection=environment.keep_data,
            description=f"Waybill {environment.name}: buckets and database",
        )
        self.key = data_key(self, environment)
        self.personal_key = personal_key(self, environment)
        self.buckets = Buckets(self, environment, self.key, named.offsite)
        network = Network(self, environment, self.buckets, self.key)
        self.database = Aurora(self, environment, network, self.key, named.restore)
        for name, value in self.database.outputs.items():
            CfnOutput(self, name, value=value)
        if named.offsite:
            OffsiteBackup(self, environment, self.database.cluster, named.offsite, self.key)
        self.issuer = named.issuer
        self.pool = None if named.issuer else self._user_pool(environment)
        has_cache = environment.cache_server
        self.cache = CacheServer(self, environment, network, self.key) if has_cache else None
        self.alerts = AlarmTopic(self, environment, named.alerts, self.key)
        self.alerts.subscribe_alarms(self)

    def _user_pool(self, environment: Environment) -> UserPool:
        pool = UserPool(self, environment)
        for name, value in pool.outputs.items():
            CfnOutput(self, name, value=value)
        return pool

    @property
    def tokens(self) -> Mapping[str, str]:
        """The authorizer's settings: whose tokens are accepted."""
        settings = self.issuer or self.pool
        return settings.settings if settings else {}

    @property
    def availability_zones(self) -> list[str]:
        """The region's first two zones, resolved by CloudFormation, so no lookup is needed."""
        return [Fn.select(index, Fn.get_azs()) for index in range(2)]


class ServiceStack(Stack):
    """Queues, functions, event rules and API."""

    def __init__(
        self,
        scope: Construct,
        environment: Environment,
        data: DataStack,
        sources: Path,
        named: ServiceContext,
    ) -> None:
        """Create the resources around those of `data`."""
        super().__init__(
            scope,
            f"waybill-{environment.name}",
            env=Target(account=environment.account, region=environment.region),
            description=f"Waybill {environment.name}: functions and API",
        )
        layers = make_layers(self, environment, sources)
        cache_url = data.cache.url if data.cache else None
        self.shared = shared = SharedResources(
            environment,
            data.database,
            layers,
            sources,
            data.tokens,
            data.key,
            data.personal_key,
            named.machines,
            cache_url,
            signed_code(self, named.signing) if named.signing else None,
        )
        service = Service(self, shared, data.buckets)
        self.functions = service.functions
        others = [one for name, one in service.functions.items() if name != "migrate"]
        data.alerts.subscribe_alarms(self)
        if environment.dashboard:
            dashboard = Dashboard(self, environment, service, data.database.metrics)
            dashboard.show_alarms(alarm_names(data, self))
        if environment.console and (issuer := data.issuer or data.pool):
            others.append(add_console(self, shared, service, issuer))
        Migration(self, service.functions["migrate"], before=others, key=data.key)


class ErrorStack(Stack):
    """Reports to an error tracker: a subscription for each log of `service`."""

    def __init__(
        self,
        scope: Construct,
        environment: Environment,
        service: ServiceStack,
        tracker: ErrorTracker,
    ) -> None:
        """Create the resources."""
        super().__init__(
            scope,
            f"waybill-{environment.name}-errors",
            env=Target(account=environment.account, region=environment.region),
            description=f"Waybill {environment.name}: reports of errors",
        )
        self.add_stack_dependency(service)
        ErrorReports(self, service.shared, tracker, service.functions)
