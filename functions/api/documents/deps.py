"""The database connection and the audit of reads, kept for the life of the process."""

from functools import cache
from typing import NamedTuple

from functions.api.documents.settings import DocumentsSettings
from waybill.http.persistent_connection import PersistentConnection
from waybill.http.personal_reads import PersonalReads


class Deps(NamedTuple):
    """The database connection, the audit of reads, and the settings."""

    database: PersistentConnection
    personal_reads: PersonalReads
    settings: DocumentsSettings


@cache
def deps() -> Deps:
    """The dependencies of the documents endpoint."""
    settings = DocumentsSettings.from_environment()
    database = PersistentConnection(settings, "documents")
    return Deps(database, PersonalReads(database), settings)
