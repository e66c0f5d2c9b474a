"""Record in the audit log who reads records of a job."""

from typing import Literal
from uuid import UUID

from functions.api.jobs.deps import Deps
from waybill.callers import Caller
from waybill.database.audit import Audit
from waybill.database.repository import Connection
from waybill.database.session import Session


def audit_read(
    deps: Deps, job_id: UUID, records: Literal["rejects", "pending"], caller: Caller
) -> None:
    """Record that `caller` reads these records; before they are read.

    Raises:
        NotFound: `unknown-job`.
        Unavailable: the database cannot be reached.
    """
    deps.dataset_of(job_id)

    def record(connection: Connection) -> None:
        Session(connection).act_as(caller)
        Audit(connection).record_read(job_id, records)

    deps.database.run(record)
