"""An environment on AWS: what holds data in a stack of its own, the rest in another."""

from pathlib import Path

from aws_cdk import Environment as Target
from aws_cdk import Fn, Stack
from constructs import Construct

from infra.constructs.aurora import Aurora
from infra.constructs.buckets import Buckets
from infra.constructs.layers import make_layers
from infra.constructs.migration import Migration
from infra.constructs.network import Network
from infra.constructs.service import Service
from infra.constructs.shared_resources import SharedResources
from infra.environments import Environment


class DataStack(Stack):
    """Network, buckets and database: a mistake in the service cannot touch them."""

    def __init__(self, scope: Construct, environment: Environment) -> None:
        """Wire it."""
        super().__init__(
            scope,
            f"waybill-{environment.name}-data",
            env=Target(account=environment.account, region=environment.region),
            termination_protection=environment.keep_data,
            description=f"Waybill {environment.name}: buckets and database",
        )
        self.buckets = Buckets(self, environment)
        self.database = Aurora(self, environment, Network(self))

    @property
    def availability_zones(self) -> list[str]:
        """The region's first two zones, by CloudFormation: no look-up, so no context file."""
        return [Fn.select(index, Fn.get_azs()) for index in range(2)]


class ServiceStack(Stack):
    """Queues, functions, hops and API."""

    def __init__(
        self, scope: Construct, environment: Environment, data: DataStack, sources: Path
    ) -> None:
        """Wire it around what `data` holds."""
        super().__init__(
            scope,
            f"waybill-{environment.name}",
            env=Target(account=environment.account, region=environment.region),
            description=f"Waybill {environment.name}: functions and API",
        )
        layers = make_layers(self, environment, sources)
        ground = SharedResources(environment, data.database, layers, sources)
        service = Service(self, ground, data.buckets)
        others = [step for name, step in service.steps.items() if name != "migrate"]
        Migration(self, service.steps["migrate"], before=others)
