"""The database connection, kept for the life of the process."""

from functools import cache
from typing import NamedTuple

from functions.api.analytics.settings import AnalyticsSettings
from waybill.http.persistent_connection import PersistentConnection


class Deps(NamedTuple):
    """The database connection."""

    database: PersistentConnection


@cache
def deps() -> Deps:
    """The dependencies of the analytics endpoints."""
    return Deps(PersistentConnection(AnalyticsSettings.from_environment(), "analytics"))
