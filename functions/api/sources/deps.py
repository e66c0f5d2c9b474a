"""The database connection, kept for the life of the process."""

from functools import cache
from typing import NamedTuple

from functions.api.sources.settings import SourcesSettings
from waybill.http.persistent_connection import PersistentConnection


class Deps(NamedTuple):
    """The database connection."""

    database: PersistentConnection


@cache
def deps() -> Deps:
    """The dependencies of the sources endpoint."""
    return Deps(PersistentConnection(SourcesSettings.from_environment(), "sources"))
