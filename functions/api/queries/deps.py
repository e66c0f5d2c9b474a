"""The database connection, kept for the life of the process."""

from functools import cache
from typing import NamedTuple

from functions.api.queries.settings import QueriesSettings
from waybill.http.persistent_connection import PersistentConnection


class Deps(NamedTuple):
    """The database connection."""

    database: PersistentConnection


@cache
def deps() -> Deps:
    """The dependencies of the queries endpoint."""
    return Deps(PersistentConnection(QueriesSettings.from_environment(), "queries"))
