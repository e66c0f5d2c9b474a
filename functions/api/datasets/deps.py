"""The published contracts, kept for the life of the process."""

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from functions.api.datasets.settings import DatasetsSettings
from waybill.clients import s3_client
from waybill.state.bucket import StateBucket
from waybill.state.contracts import PublishedContracts

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Deps(NamedTuple):
    """The published contracts, and where samples are."""

    contracts: PublishedContracts
    s3: "S3Client"
    state_bucket: str


@cache
def deps() -> Deps:
    """The dependencies of the datasets endpoints."""
    settings = DatasetsSettings.from_environment()
    bucket = settings.state_bucket
    return Deps(StateBucket(s3_client(), bucket).contracts, s3_client(), bucket)
