"""The database connection and the audit of reads, kept for the life of the process."""

from functools import cache
from typing import NamedTuple

from functions.api.documents.settings import DocumentsSettings
from waybill.clients import s3_client
from waybill.http.persistent_connection import PersistentConnection
from waybill.http.personal_reads import PersonalReads
from waybill.state.bucket import StateBucket


class Deps(NamedTuple):
    """The database connection, the audit of reads, the state bucket, and the settings."""

    database: PersistentConnection
    personal_reads: PersonalReads
    state: StateBucket
    settings: DocumentsSettings


@cache
def deps() -> Deps:
    """The dependencies of the documents endpoint."""
    settings = DocumentsSettings.from_environment()
    database = PersistentConnection(settings, "documents")
    state = StateBucket(s3_client(), settings.state_bucket)
    return Deps(database, PersonalReads(database), state, settings)
