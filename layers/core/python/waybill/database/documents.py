"""The dataset of documents."""

from datetime import datetime
from typing import NamedTuple

from waybill.database.repository import Repository


class StoredDocument(NamedTuple):
    """A document with its hash and where it came from."""

    id: int
    content_hash: str
    payload: str
    """JSON text."""
    metadata: str
    """JSON text."""
    created_at: datetime


class Documents(Repository):
    """Documents as they are kept."""

    def list_page(
        self, *, before: int | None, limit: int, max_bytes: int, masked: bool, skip: int = 0
    ) -> list[StoredDocument]:
        """Documents, newest first, with ids below `before`; at most one beyond `max_bytes`.

        With `masked` they have no personal values.
        """
        return self._rows(
            StoredDocument,
            "list_documents",
            p_before=before,
            p_limit=limit,
            p_skip=skip,
            p_bytes=max_bytes,
            p_masked=masked,
        )

    def delete(self, document_id: int) -> bool:
        """Delete a document; False if there is none."""
        return self._value(bool, "delete_document", p_id=document_id)

    def estimated_count(self) -> int | None:
        """How many there are, as the last vacuum or analyze found it; None before the first."""
        count: int | None = self._select_value("documents.estimate")
        return count
