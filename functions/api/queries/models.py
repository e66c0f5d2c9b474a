"""Parameters and responses of the queries endpoint."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from pydantic import BaseModel, Field


class QueryCost(BaseModel):
    """A statement, and the cost of all its calls."""

    query: str = Field(description="The statement without its values, up to 2,000 characters.")
    role: str
    calls: int
    total_ms: float
    mean_ms: float
    max_ms: float
    rows: int
    buffers_hit: int = Field(description="Pages of 8 KiB found in memory.")
    buffers_read: int = Field(description="Pages of 8 KiB read from disk.")
    since: datetime


class IndexUse(BaseModel):
    """An index that no scan has used since the statistics were last reset."""

    dataset: str
    table: str
    index: str
    size_bytes: int


class QueryReport(BaseModel):
    """The statements that took the most time, and the unused indexes."""

    items: list[QueryCost] = Field(
        description="Most time first; empty if the server has no pg_stat_statements."
    )
    unused_indexes: list[IndexUse] = Field(description="The largest first.")


class AuditQuery(NamedTuple):
    """Which entries, and which page of them."""

    action: str | None
    actor: str | None
    limit: int
    cursor: str | None


class AuditEntry(BaseModel):
    """Who did what, when, and from where."""

    audit_id: UUID
    occurred_at: datetime
    action: str = Field(
        description="`job.created`, `job.cancelled`, `rejects.read`, `pending.read`,"
        " `document.deleted`, `source.created`, `source.changed`,"
        " `source.deleted`, `messages.redriven`, `objects.redriven` or `token.refused`."
    )
    actor: str | None = Field(
        description="Subject of the token; null for objects put into the bucket directly, and"
        " for refused tokens."
    )
    source: str | None = Field(description="Address that the request came from.")
    dataset: str | None
    job_id: UUID | None
    detail: dict[str, Any]


class AuditPage(BaseModel):
    """Entries of the audit log, newest first."""

    items: list[AuditEntry]
    next_cursor: str | None = Field(description="Null on the last page.")
