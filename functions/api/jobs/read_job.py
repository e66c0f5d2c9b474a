"""Read one job, optionally waiting until it has ended."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from functions.api.jobs.deps import Deps, unknown_job
from functions.api.jobs.models import FINAL_STATES, Job, Waybill
from waybill.database.jobs import Jobs
from waybill.http.problems import stored_problem
from waybill.state.tickets import Ticket

Document = dict[str, Any]
_POLL_SECONDS = 0.25


def read_job(deps: Deps, job_id: UUID, wait_seconds: float = 0) -> Document:
    """The job's document; the latest one if it has not ended after `wait_seconds`.

    Each poll is a statement in autocommit mode, so no lock or transaction is held.

    Raises:
        NotFound: `unknown-job`.
        Unavailable: the database cannot be reached.
    """
    deadline = time.monotonic() + wait_seconds
    ticket: Ticket | None = None
    while True:
        document = _from_database(deps, job_id)
        if document is None:
            ticket = ticket or deps.ticket(job_id)
            if ticket is None:
                raise unknown_job(job_id)
            document = _from_ticket(ticket)
        if document["state"] in FINAL_STATES or time.monotonic() + _POLL_SECONDS > deadline:
            return document
        time.sleep(_POLL_SECONDS)


def _from_database(deps: Deps, job_id: UUID) -> Document | None:
    return deps.database.run(lambda connection: Jobs(connection).get(job_id))


def _from_ticket(ticket: Ticket) -> Document:
    """The document of an upload whose object event has not been processed yet."""
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


def job_document(stored: Mapping[str, Any], base_url: str) -> Document:
    """The job as the API returns it: in the order of `Job`, with URLs."""
    document = dict(stored)
    if waybill := document.get("waybill"):
        document["waybill"] = _in_order(waybill, Waybill)
        if waybill["rejected"]:
            document["rejects_url"] = f"{base_url}/jobs/{document['job_id']}/rejects"
    if error := document.get("error"):
        document["error"] = stored_problem(error)
    return _in_order(document, Job)


def _in_order(document: Document, model: type[BaseModel]) -> Document:
    # jsonb does not keep the order of keys; a waybill reads as a sum.
    first = [name for name in model.model_fields if name in document]
    return {name: document[name] for name in dict.fromkeys([*first, *document])}
