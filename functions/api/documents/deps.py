"""The database connection and the audit of reads, kept for the life of the process."""

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from functions.api.documents.settings import DocumentsSettings
from waybill.clients import s3_client
from waybill.http.persistent_connection import PersistentConnection
from waybill.http.personal_reads import PersonalReads
from waybill.state.bucket import StateBucket

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Deps(NamedTuple):
    """The database connection, the audit of reads, S3, the state bucket, and the settings."""

    database: PersistentConnection
    personal_reads: PersonalReads
    s3: "S3Client"
    state: StateBucket
    settings: DocumentsSettings


@cache
def deps() -> Deps:
    """The dependencies of the documents endpoint."""
    settings = DocumentsSettings.from_environment()
    database = PersistentConnection(settings, "documents")
    s3 = s3_client()
    state = StateBucket(s3, settings.state_bucket)
    return Deps(database, PersonalReads(database), s3, state, settings)
