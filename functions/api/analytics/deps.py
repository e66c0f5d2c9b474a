"""The database connection and the cache, kept for the life of the process."""

from functools import cache
from typing import NamedTuple

from functions.api.analytics.settings import AnalyticsSettings
from waybill.cache.connect import connect_cache
from waybill.cache.entries import Entries
from waybill.http.persistent_connection import PersistentConnection
from waybill.settings import WaitSettings


class Deps(NamedTuple):
    """The database connection, the cache, and bounds on waiting."""

    database: PersistentConnection
    entries: Entries
    ttl_seconds: float
    waits: WaitSettings


@cache
def deps() -> Deps:
    """The dependencies of the analytics endpoints."""
    settings = AnalyticsSettings.from_environment()
    return Deps(
        PersistentConnection(settings, "analytics"),
        Entries(connect_cache(settings), settings.cache_ttl_seconds),
        settings.cache_ttl_seconds,
        settings,
    )
