"""What the documents door answers with."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field


class Document(BaseModel):
    """A document, identified by its content."""

    id: int
    content_hash: str = Field(description="SHA-256 of the normalised payload, in hex.")
    payload: Any
    metadata: Any = Field(description="Where it came from first.")
    created_at: datetime


class DocumentPage(BaseModel):
    """Documents, newest first."""

    items: list[Document]
    next_cursor: str | None = Field(description="Null on the last page.")
    total_estimate: int | None = Field(
        description="About how many there are in all; null while nothing is known."
    )
