"""Hosts of AWS that answer over IPv4 and IPv6. Functions in the VPC reach AWS over IPv6 only."""

from collections.abc import Mapping
from types import MappingProxyType

# From AWS's list of services with IPv6 endpoints (VPC User Guide, "AWS services that support
# IPv6"), read in November 2026.
HOSTS: Mapping[str, str] = MappingProxyType(
    {
        "events": "events.{region}.api.aws",
        "kms": "kms.{region}.api.aws",
        "lambda": "lambda.{region}.api.aws",
        "s3": "s3.dualstack.{region}.amazonaws.com",
        "scheduler": "scheduler.{region}.api.aws",
        "secretsmanager": "secretsmanager.{region}.amazonaws.com",
        "sqs": "sqs.{region}.api.aws",
    }
)
"""The host of each service that functions in the VPC call, by boto3's name of the service."""
