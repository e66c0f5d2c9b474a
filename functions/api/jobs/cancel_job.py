"""Cancel a job: it writes no rows, and a file that arrives later is ignored."""

from uuid import UUID

from functions.api.jobs.deps import Deps, unknown_job
from waybill.callers import Caller
from waybill.database.jobs import Jobs
from waybill.database.repository import Connection
from waybill.database.session import Session
from waybill.errors import Conflict
from waybill.states import JobState


def cancel_job(deps: Deps, job_id: UUID, caller: Caller) -> None:
    """Cancel the job for `caller`.

    Raises:
        NotFound: `unknown-job`.
        Conflict: `job-ended`.
        Busy: its merge is committing; try again to learn the outcome.
        Unavailable: the database cannot be reached.
    """
    ticket = deps.ticket(job_id)

    def cancel(connection: Connection) -> JobState | None:
        jobs = Jobs(connection)
        state = jobs.state_of(job_id)
        if state is None and ticket is None:
            raise unknown_job(job_id)
        if state is not None and state.is_final:
            return state
        document = ticket.model_dump(mode="json") if ticket else None
        Session(connection).act_as(caller)
        state = jobs.cancel(job_id, document)
        return None if state is JobState.CANCELLED else state

    final_state = deps.database.run(cancel)
    if final_state is not None:
        raise Conflict("job-ended", f"The job has already ended: {final_state}.")
