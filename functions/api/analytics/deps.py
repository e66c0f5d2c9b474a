"""The database connections and the cache, kept for the life of the process."""

from functools import cache
from typing import NamedTuple

from functions.api.analytics.settings import AnalyticsSettings
from waybill.cache.connect import connect_cache
from waybill.cache.entries import Entries
from waybill.http.persistent_connection import PersistentConnection
from waybill.http.replica_reads import ReplicaReads
from waybill.settings import WaitSettings


class Deps(NamedTuple):
    """The database connections, the cache, and bounds on waiting."""

    database: PersistentConnection
    replica: ReplicaReads
    """For figures that need not include a certain job."""
    entries: Entries
    ttl_seconds: float
    waits: WaitSettings


@cache
def deps() -> Deps:
    """The dependencies of the analytics endpoints."""
    settings = AnalyticsSettings.from_environment()
    database = PersistentConnection(settings, "analytics")
    return Deps(
        database,
        ReplicaReads(settings, "analytics", database),
        Entries(connect_cache(settings), settings.cache_ttl_seconds),
        settings.cache_ttl_seconds,
        settings,
    )
