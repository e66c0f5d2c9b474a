"""Parameters and responses of the documents endpoint."""

from datetime import datetime
from typing import Any, NamedTuple

from pydantic import BaseModel, Field


class DocumentsQuery(NamedTuple):
    """A page by number or from a cursor."""

    page: int | None
    limit: int
    cursor: str | None


class Document(BaseModel):
    """A document, identified by its content."""

    id: int
    content_hash: str = Field(description="SHA-256 of the normalised payload, in hex.")
    payload: Any
    metadata: Any = Field(description="The file and line where it was first found.")
    created_at: datetime


class PersonErased(BaseModel):
    """What was deleted; records in files that landed before are left out of every load."""

    rows: int
    rejects: int
    pending: int


class DocumentPage(BaseModel):
    """Documents, newest first."""

    items: list[Document]
    next_cursor: str | None = Field(description="Null on the last page.")
    total_estimate: int | None = Field(
        description="Approximate number of documents; null if the table has no statistics yet."
    )
