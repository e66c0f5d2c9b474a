"""List the audit log, newest first."""

from datetime import datetime
from uuid import UUID

from functions.api.queries.models import AuditEntry, AuditPage, AuditQuery
from waybill.database.audit import Audit
from waybill.http.pagination import Cursor, cut_page, decode_cursor, document_size
from waybill.http.persistent_connection import PersistentConnection


class _AuditCursor(Cursor):
    at: datetime
    id: UUID


def list_audit(database: PersistentConnection, query: AuditQuery) -> AuditPage:
    """A page of entries.

    Raises:
        BadRequest: `bad-cursor`.
        Unavailable: the database cannot be reached.
    """
    before = decode_cursor(query.cursor, _AuditCursor)
    rows = database.run(
        lambda connection: Audit(connection).list_page(
            action=query.action,
            actor=query.actor,
            before=(before.at, before.id) if before else None,
            limit=query.limit + 1,
        )
    )
    page = cut_page(
        rows,
        query.limit,
        lambda row: _AuditCursor(at=row.occurred_at, id=row.audit_id),
        lambda row: document_size(row._asdict()),
    )
    return AuditPage(
        items=[AuditEntry(**row._asdict()) for row in page.items], next_cursor=page.next_cursor
    )
