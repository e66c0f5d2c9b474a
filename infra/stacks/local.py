"""The local environment: everything in one stack, for a fast deployment."""

from pathlib import Path

from aws_cdk import DefaultStackSynthesizer, Stack
from constructs import Construct

from infra.constructs.buckets import Buckets
from infra.constructs.layers import make_layers
from infra.constructs.local_database import LocalDatabase
from infra.constructs.service import Service
from infra.constructs.shared_resources import SharedResources
from infra.environments import Environment


class LocalStack(Stack):
    """Buckets and service; PostgreSQL and the migrations are the local stack's own business."""

    def __init__(self, scope: Construct, environment: Environment, sources: Path) -> None:
        """Wire it."""
        super().__init__(
            scope,
            f"waybill-{environment.name}",
            # The emulator is not bootstrapped, so there is no version of that to check.
            synthesizer=DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
        )
        layers = make_layers(self, environment, sources)
        ground = SharedResources(environment, LocalDatabase(self), layers, sources)
        Service(self, ground, Buckets(self, environment))
