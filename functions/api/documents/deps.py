"""The database connection and the audit of reads, kept for the life of the process."""

from functools import cache
from typing import NamedTuple

from functions.api.documents.settings import DocumentsSettings
from waybill.http.persistent_connection import PersistentConnection
from waybill.http.personal_reads import PersonalReads


class Deps(NamedTuple):
    """The database connection, and the audit of reads."""

    database: PersistentConnection
    personal_reads: PersonalReads


@cache
def deps() -> Deps:
    """The dependencies of the documents endpoint."""
    database = PersistentConnection(DocumentsSettings.from_environment(), "documents")
    return Deps(database, PersonalReads(database))
