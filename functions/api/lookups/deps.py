"""The database connection, the contracts and the cache, kept for the life of the process."""

from functools import cache
from typing import NamedTuple

from functions.api.lookups.settings import LookupsSettings
from waybill.cache.connect import connect_cache
from waybill.cache.entries import Entries
from waybill.cache.leases import Leases
from waybill.clients import s3_client
from waybill.database.lookups import Lookups
from waybill.http.persistent_connection import PersistentConnection
from waybill.http.personal_reads import PersonalReads
from waybill.state.bucket import StateBucket
from waybill.state.contracts import PublishedContracts
from waybill.state.dataset_exports import DatasetExports


class Deps(NamedTuple):
    """The database connection, the contracts, the cache, and where exports are."""

    database: PersistentConnection
    contracts: PublishedContracts
    entries: Entries
    leases: Leases
    personal_reads: PersonalReads
    exports: DatasetExports
    chunks_queue_url: str
    state_bucket: str


@cache
def deps() -> Deps:
    """The dependencies of the lookups endpoints."""
    settings = LookupsSettings.from_environment()
    database = PersistentConnection(settings, "lookups")
    return Deps(
        database,
        StateBucket(s3_client(), settings.state_bucket).contracts,
        Entries(connect_cache(settings), settings.cache_ttl_seconds),
        Leases(
            lambda dataset: database.run(
                lambda connection: Lookups(connection).lease_generation(dataset)
            )
        ),
        PersonalReads(database),
        DatasetExports(s3_client(), settings.state_bucket),
        settings.chunks_queue_url,
        settings.state_bucket,
    )
