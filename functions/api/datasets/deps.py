"""The published contracts, kept for the life of the process."""

from functools import cache
from typing import NamedTuple

from functions.api.datasets.settings import DatasetsSettings
from waybill.clients import s3_client
from waybill.state.bucket import StateBucket
from waybill.state.contracts import PublishedContracts


class Deps(NamedTuple):
    """The published contracts."""

    contracts: PublishedContracts


@cache
def deps() -> Deps:
    """The dependencies of the datasets endpoints."""
    settings = DatasetsSettings.from_environment()
    return Deps(StateBucket(s3_client(), settings.state_bucket).contracts)
