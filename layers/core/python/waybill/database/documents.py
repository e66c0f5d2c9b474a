"""The dataset of documents."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from waybill.database.json_parameters import jsonb
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


class Erased(NamedTuple):
    """How many records of a person were deleted."""

    rows: int
    rejects: int
    pending: int


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

    def erase_person(self, dataset: str, key: Sequence[str]) -> Erased:
        """Erase the person with this natural key: rows, rejects, pending records and later loads.

        Raises:
            Rejected: `unknown-dataset`.
            NotFound: `unknown-person`, the dataset cannot have the key.
            Conflict: `still-referenced`.
            Busy: a load of the dataset is in progress.
        """
        return self._value(
            lambda found: Erased(**found),
            "erase_person",
            p_dataset=dataset,
            p_key=jsonb(list(key)),
        )

    def estimated_count(self) -> int | None:
        """How many there are, as the last vacuum or analyze found it; None before the first."""
        count: int | None = self._select_value("documents.estimate")
        return count
