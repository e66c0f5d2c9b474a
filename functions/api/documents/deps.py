"""The database connection, kept for the life of the process."""

from functools import cache
from typing import NamedTuple

from functions.api.documents.settings import DocumentsSettings
from waybill.http.persistent_connection import PersistentConnection


class Deps(NamedTuple):
    """The database connection."""

    database: PersistentConnection


@cache
def deps() -> Deps:
    """The dependencies of the documents endpoint."""
    return Deps(PersistentConnection(DocumentsSettings.from_environment(), "documents"))
