"""The dataset of documents."""

from datetime import datetime
from typing import Any, NamedTuple

from waybill.database.repository import Repository


class StoredDocument(NamedTuple):
    """A document with its hash and where it came from."""

    id: int
    content_hash: str
    payload: Any
    metadata: dict[str, Any]
    created_at: datetime


class Documents(Repository):
    """Documents as they are kept."""

    def list_page(self, *, before: int | None, limit: int, skip: int = 0) -> list[StoredDocument]:
        """Documents, newest first, with ids below `before`."""
        return self._select(
            StoredDocument, "documents.list_documents", before=before, rows=limit, skipped=skip
        )

    def estimated_count(self) -> int | None:
        """How many there are, as the last vacuum or analyze found it; None before the first."""
        count: int | None = self._select_value("documents.estimate")
        return count
