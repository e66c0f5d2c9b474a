"""Read one job; on request, wait until it has ended."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from functions.api.jobs.answer import Job, Waybill
from functions.api.jobs.deps import SQL, Store, unknown_job
from waybill.http.problems import stored_problem
from waybill.state.tickets import Ticket

Document = dict[str, Any]
FINAL = frozenset(
    (
        "COMPLETED",
        "COMPLETED_WITH_REJECTS",
        "FAILED",
        "CANCELLED",
        "DUPLICATE",
        "EXPIRED",
        "REVERTED",
    )
)
_PAUSE_SECONDS = 0.25


def read_job(store: Store, job_id: UUID, wait_seconds: float = 0) -> Document:
    """The job's document; its last known one when it has not ended after `wait_seconds`.

    Each look is a statement of its own in autocommit: nothing is held while waiting.

    Raises:
        NotFound: `unknown-job`.
        Unavailable: the database cannot be reached.
    """
    deadline = time.monotonic() + wait_seconds
    ticket: Ticket | None = None
    while True:
        document = _in_database(store, job_id)
        if document is None:
            ticket = ticket or store.ticket(job_id)
            if ticket is None:
                raise unknown_job(job_id)
            document = awaited(ticket)
        if document["state"] in FINAL or time.monotonic() + _PAUSE_SECONDS > deadline:
            return document
        time.sleep(_PAUSE_SECONDS)


def _in_database(store: Store, job_id: UUID) -> Document | None:
    row = store.database.ask(lambda connection: SQL.get_job(connection, job_id=job_id))
    return row[0] if row else None


def awaited(ticket: Ticket) -> Document:
    """The document of a job that only its ticket knows of: no event of its object came yet."""
    expired = ticket.expires_at < datetime.now(UTC)
    return {
        "job_id": ticket.job_id,
        "dataset": ticket.dataset,
        "state": "EXPIRED" if expired else "AWAITING_UPLOAD",
        "source": {
            "kind": "upload",
            "bucket": ticket.bucket,
            "key": ticket.key,
            "version_id": None,
            "etag": None,
            "size_bytes": ticket.size_bytes,
            "filename": ticket.filename,
        },
        "progress": {
            "bytes_total": ticket.size_bytes,
            "bytes_read": 0,
            "records_read": 0,
            "chunks_total": None,
            "chunks_done": 0,
        },
        "attempts": 0,
        "created_at": ticket.created_at,
        "expires_at": ticket.expires_at,
    }


def as_shown(document: Mapping[str, Any], api: str) -> Document:
    """The document in the order of `Job`, with addresses of its rejects and of its problem."""
    shown = dict(document)
    if waybill := shown.get("waybill"):
        shown["waybill"] = _in_order(waybill, Waybill)
        if waybill["rejected"]:
            shown["rejects_url"] = f"{api}/jobs/{shown['job_id']}/rejects"
    if error := shown.get("error"):
        shown["error"] = stored_problem(error)
    return _in_order(shown, Job)


def _in_order(document: Document, model: type[BaseModel]) -> Document:
    # jsonb keeps no order; people read the numbers of a waybill as a sum.
    first = [name for name in model.model_fields if name in document]
    return {name: document[name] for name in dict.fromkeys([*first, *document])}
