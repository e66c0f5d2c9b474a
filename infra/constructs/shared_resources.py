"""What every function of an environment stands on."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from infra.environments import Environment
from infra.functions import Role


class DatabaseAccess(Protocol):
    """How a function of a role gets to the database."""

    def fields(self, role: Role) -> Mapping[str, str]:
        """The database fields of the function's settings."""

    def statements(self, role: Role) -> Sequence[iam.PolicyStatement]:
        """What the function must be allowed so that it may connect as `role`."""

    @property
    def network(self) -> tuple[ec2.IVpc, ec2.ISecurityGroup] | None:
        """The network to place the function in, or None where there is none."""


class SharedResources(NamedTuple):
    """The same for all functions of an environment; `sources` is where assets are laid."""

    environment: Environment
    database: DatabaseAccess
    layers: Mapping[str, lambda_.ILayerVersion]
    sources: Path
