"""Cancel a job: it leaves no rows, and a file that comes later is ignored."""

from uuid import UUID

from functions.api.jobs.deps import SQL, Store, unknown_job
from functions.api.jobs.read_job import FINAL
from waybill.errors import Conflict
from waybill.http.persistent_connection import Connection


def cancel_job(store: Store, job_id: UUID) -> None:
    """Cancel the job.

    Raises:
        NotFound: `unknown-job`.
        Conflict: `job-ended`.
        Busy: its merge is committing; ask again to learn which came first.
        Unavailable: the database cannot be reached.
    """
    ticket = store.ticket(job_id)

    def cancel(connection: Connection) -> str | None:
        state: str | None = SQL.get_state(connection, job_id=job_id)
        if state is None and ticket is None:
            raise unknown_job(job_id)
        if state in FINAL:
            return state
        given = ticket.model_dump_json() if ticket else None
        ended: str = SQL.cancel_job(connection, job_id=job_id, ticket=given)
        return None if ended == "CANCELLED" else ended

    ended = store.database.ask(cancel)
    if ended is not None:
        raise Conflict("job-ended", f"The job has ended: {ended}.")
