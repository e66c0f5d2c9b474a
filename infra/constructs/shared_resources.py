"""Resources that all functions of an environment share."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, Protocol

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_

from infra.environments import Environment
from infra.machines import Machines


class DatabaseAccess(Protocol):
    """How the functions connect to the database."""

    def fields(self, role: str) -> Mapping[str, str]:
        """The database settings of a function that connects as `role`, by field."""

    def statements(self, role: str) -> Sequence[iam.PolicyStatement]:
        """The permissions that a function needs to connect as `role`."""

    @property
    def reader_host(self) -> str | None:
        """The endpoint of the reader instances; None without any."""

    @property
    def network(self) -> tuple[ec2.IVpc, ec2.ISecurityGroup] | None:
        """VPC and security group for the functions; None without a VPC."""


class SharedResources(NamedTuple):
    """Shared by all functions of an environment; `sources` is the folder for their assets."""

    environment: Environment
    database: DatabaseAccess
    layers: Mapping[str, lambda_.ILayerVersion]
    sources: Path
    tokens: Mapping[str, str]
    """Settings of the authorizer: whose tokens are accepted."""
    key: kms.IKey | None = None
    """Encrypts queues and logs; None for AWS's own keys."""
    personal_key: kms.IKey | None = None
    """Encrypts the text of rejects with personal columns; None where that is not kept."""
    machines: Machines = MappingProxyType({})
    """Machines that may call the API, by name."""
    cache_url: str | None = None
    """The cache server; None where each process has its own cache."""
    code_signing: lambda_.ICodeSigningConfig | None = None
    """Who must have signed the code of functions and layers; None where nobody has to."""
