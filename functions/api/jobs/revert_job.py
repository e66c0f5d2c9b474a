"""Take one load back: the rows that it inserted are removed, those that it updated restored."""

from typing import Any
from uuid import UUID

from functions.api.jobs.deps import Deps
from waybill.callers import Caller
from waybill.database.jobs import Jobs
from waybill.database.repository import Connection
from waybill.database.session import Session
from waybill.errors import Conflict


def revert_job(deps: Deps, job_id: UUID, caller: Caller) -> dict[str, Any]:
    """Revert the job for `caller`; returns the waybill of the revert. Safe to repeat.

    Raises:
        Conflict: `not-revertible`, with what touched the rows since.
        Busy: a merge of the dataset is running.
        Unavailable: the database or S3 cannot be reached; safe to repeat.
    """

    def revert(connection: Connection) -> dict[str, Any]:
        jobs = Jobs(connection)
        if jobs.state_of(job_id) is None:
            raise Conflict("not-revertible", f"The file of job {job_id} has not arrived.")
        Session(connection).act_as(caller)
        return jobs.revert(job_id)

    # Before the commit, so that views are refreshed also if this process ends right after it, and
    # after it, since a refresh that ran meanwhile may have deleted the first marker.
    deps.state.markers.put(job_id)
    document = deps.database.run(revert)
    deps.state.markers.put(job_id)
    return document
