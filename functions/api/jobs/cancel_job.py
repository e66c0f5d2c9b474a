"""Cancel a job: it writes no rows, and a file that arrives later is ignored."""

from uuid import UUID

from functions.api.jobs.deps import SQL, Deps, unknown_job
from functions.api.jobs.models import FINAL_STATES
from waybill.errors import Conflict
from waybill.http.persistent_connection import Connection


def cancel_job(deps: Deps, job_id: UUID) -> None:
    """Cancel the job.

    Raises:
        NotFound: `unknown-job`.
        Conflict: `job-ended`.
        Busy: its merge is committing; try again to learn the outcome.
        Unavailable: the database cannot be reached.
    """
    ticket = deps.ticket(job_id)

    def cancel(connection: Connection) -> str | None:
        state: str | None = SQL.get_state(connection, job_id=job_id)
        if state is None and ticket is None:
            raise unknown_job(job_id)
        if state in FINAL_STATES:
            return state
        document = ticket.model_dump_json() if ticket else None
        state_after: str = SQL.cancel_job(connection, job_id=job_id, ticket=document)
        return None if state_after == "CANCELLED" else state_after

    final_state = deps.database.run(cancel)
    if final_state is not None:
        raise Conflict("job-ended", f"The job has already ended: {final_state}.")
