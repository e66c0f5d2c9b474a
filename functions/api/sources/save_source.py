"""Create, change, read and delete data sources."""

from typing import Any
from uuid import UUID

from waybill.callers import Caller
from waybill.database.data_sources import DataSources
from waybill.database.repository import Connection
from waybill.database.session import Session
from waybill.errors import NotFound
from waybill.http.persistent_connection import PersistentConnection
from waybill.sources.definition import SourceDefinition

Document = dict[str, Any]


def save_source(
    database: PersistentConnection,
    source: SourceDefinition,
    caller: Caller,
    source_id: UUID | None = None,
) -> Document:
    """Create the source, or change the one of this id, for `caller`; the source as it is kept.

    Raises:
        Rejected: `invalid-source`, `unknown-dataset`.
        Conflict: `source-exists`, `source-declared`.
        NotFound: `unknown-source`.
        Unavailable: the database cannot be reached.
    """
    # A connection that is not valid is refused now, not when it is used.
    _ = source.reached_by

    def save(connection: Connection) -> UUID:
        Session(connection).act_as(caller)
        return DataSources(connection).save(source, source_id)

    return read_source(database, database.run(save))


def read_source(database: PersistentConnection, source_id: UUID) -> Document:
    """The source as the API shows it.

    Raises:
        NotFound: `unknown-source`.
        Unavailable: the database cannot be reached.
    """
    document = database.run(lambda connection: DataSources(connection).get(source_id))
    if document is None:
        raise unknown_source(str(source_id))
    return document


def delete_source(database: PersistentConnection, source_id: UUID, caller: Caller) -> None:
    """Delete the source for `caller`; a run of it that has begun goes on.

    Raises:
        Conflict: `source-declared`.
        NotFound: `unknown-source`.
        Unavailable: the database cannot be reached.
    """

    def delete(connection: Connection) -> None:
        Session(connection).act_as(caller)
        DataSources(connection).delete(source_id)

    database.run(delete)


def parse_source_id(text: str) -> UUID:
    """The id as the client wrote it.

    Raises:
        NotFound: `unknown-source`, for what is no id.
    """
    try:
        return UUID(text)
    except ValueError:
        raise unknown_source(text) from None


def unknown_source(source_id: str) -> NotFound:
    """The error for an id without a source."""
    return NotFound("unknown-source", f"There is no source {source_id}.")
