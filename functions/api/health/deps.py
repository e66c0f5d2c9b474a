"""Clients and settings, kept for the life of the process."""

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from functions.api.health.settings import HealthSettings
from waybill.clients import s3_client, sqs_client

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient


class Deps(NamedTuple):
    """The clients that the checks use."""

    s3: "S3Client"
    sqs: "SQSClient"
    settings: HealthSettings


@cache
def deps() -> Deps:
    """The dependencies of the health endpoint."""
    return Deps(s3_client(), sqs_client(), HealthSettings.from_environment())
