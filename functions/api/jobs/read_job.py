"""Read one job, optionally waiting until it has ended."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_result,
    stop_before_delay,
    wait_fixed,
)

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
    retrying = Retrying(
        retry=retry_if_result(lambda document: document["state"] not in FINAL_STATES),
        wait=wait_fixed(_POLL_SECONDS),
        stop=stop_before_delay(wait_seconds),
        retry_error_callback=_latest,
    )
    # A ticket does not change: it is read from S3 once.
    return retrying(_read, deps, job_id, cache(deps.ticket))


def _read(deps: Deps, job_id: UUID, find_ticket: Callable[[UUID], Ticket | None]) -> Document:
    document = deps.database.run(lambda connection: Jobs(connection).get(job_id))
    if document is not None:
        return document
    ticket = find_ticket(job_id)
    if ticket is None:
        raise unknown_job(job_id)
    return _from_ticket(ticket)


def _latest(state: RetryCallState) -> Document:
    assert state.outcome is not None  # noqa: S101 - it is called after an attempt
    document: Document = state.outcome.result()
    return document


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
            # Those of a duplicate are kept with the file that it repeats.
            job_id = document.get("duplicate_of", document["job_id"])
            document["rejects_url"] = f"{base_url}/jobs/{job_id}/rejects"
    for name in ("error", "revert_error"):
        if error := document.get(name):
            document[name] = stored_problem(error)
    return _in_order(document, Job)


def _in_order(document: Document, model: type[BaseModel]) -> Document:
    # jsonb does not keep the order of keys; a waybill reads as a sum.
    first = [name for name in model.model_fields if name in document]
    return {name: document[name] for name in dict.fromkeys([*first, *document])}
