"""Record in the audit log who reads records of a job, and what they may see of them."""

from typing import Literal
from uuid import UUID

from functions.api.jobs.deps import Deps
from waybill.database.audit import Audit
from waybill.database.repository import Connection
from waybill.database.session import Session
from waybill.http.app import Api
from waybill.http.personal_reads import view_of


def audit_read(deps: Deps, job_id: UUID, records: Literal["rejects", "pending"], api: Api) -> bool:
    """Record that the caller reads these records; before they are read.

    Returns:
        Whether personal values are masked for the caller.

    Raises:
        NotFound: `unknown-job`.
        Unavailable: the database cannot be reached.
    """
    dataset = deps.dataset_of(job_id)
    view = view_of(api, dataset)

    def record(connection: Connection) -> None:
        Session(connection).act_as(view.caller)
        Audit(connection).record_read(job_id, records)
        if not view.masked:
            Audit(connection).record_personal_read(dataset, records, job_id)

    deps.database.run(record)
    return view.masked
