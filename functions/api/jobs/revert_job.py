"""Take a load back: requested here, done in the queue of the merges, and awaited for a while."""

from typing import Any
from uuid import UUID

from functions.api.jobs.deps import Deps
from functions.api.jobs.read_job import read_job
from waybill.callers import Caller
from waybill.database.jobs import Jobs
from waybill.database.repository import Connection
from waybill.database.session import Session
from waybill.errors import Conflict, FieldError
from waybill.messages import RevertMessage
from waybill.queues import send


def request_revert(deps: Deps, job_id: UUID, caller: Caller) -> None:
    """Request the revert for `caller`. Safe to repeat: the request keeps its place.

    Raises:
        Conflict: `not-revertible`, whatever its rows are.
        Busy: a step is working on the job.
        Unavailable: the database, S3 or the queue cannot be reached; safe to repeat.
    """

    def request(connection: Connection) -> None:
        jobs = Jobs(connection)
        if jobs.state_of(job_id) is None:
            raise Conflict("not-revertible", f"The file of job {job_id} has not arrived.")
        Session(connection).act_as(caller)
        jobs.request_revert(job_id)

    # Before the commit: if this process ends right after it, the reaper sends the message.
    deps.state.markers.put(job_id)
    deps.database.run(request)
    send(deps.settings.merges_queue_url, [RevertMessage(reverted_job_id=job_id)])


def await_revert(deps: Deps, job_id: UUID, seconds: float) -> dict[str, Any] | None:
    """The waybill of the revert; None if it is not done within `seconds`.

    Raises:
        Conflict: it was refused, with what touched the rows since.
        Unavailable: the database cannot be reached.
    """
    document = read_job(deps, job_id, seconds)
    if refusal := document.get("revert_error"):
        errors = [FieldError.model_validate(error) for error in refusal.get("errors", [])]
        raise Conflict("not-revertible", refusal["detail"], errors)
    revert: dict[str, Any] | None = document.get("revert")
    return revert
