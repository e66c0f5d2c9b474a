"""List the data sources, by name."""

from typing import Any

from waybill.database.data_sources import DataSources
from waybill.http.pagination import Cursor, cut_page, decode_cursor, document_size
from waybill.http.persistent_connection import PersistentConnection


class _SourceCursor(Cursor):
    name: str


def list_sources(database: PersistentConnection, limit: int, cursor: str | None) -> dict[str, Any]:
    """A page of sources.

    Raises:
        BadRequest: `bad-cursor`.
        Unavailable: the database cannot be reached.
    """
    after = decode_cursor(cursor, _SourceCursor)
    rows = database.run(
        lambda connection: DataSources(connection).list_page(
            after=after.name if after else None, limit=limit + 1
        )
    )
    page = cut_page(
        rows,
        limit,
        lambda row: _SourceCursor(name=row.name),
        lambda row: document_size(row.document),
    )
    return {"items": [row.document for row in page.items], "next_cursor": page.next_cursor}
