"""The verb: take in a job's pending records whose parents have come."""

from uuid import UUID

from functions.merge.step import Answer, Step
from waybill import telemetry
from waybill.database.faults import decided
from waybill.database.queries import queries
from waybill.errors import Busy
from waybill.marks import put_mark
from waybill.outbox.pass_on import pass_on
from waybill.runs import run


def adopt_job(step: Step, job_id: UUID) -> None:
    """Take in what can be; records whose parents are still missing stay pending.

    Raises:
        Busy: a lock is taken, or something earlier has to end first: come back later.
        Rejected: there is no such job, or the database refuses its records.
        Retryable: something cannot be reached.
    """
    with run(step.connection, job_id, "adopt"):
        # Within the run, which keeps a refresh from taking the mark away again.
        put_mark(step.s3, step.settings.state_bucket, job_id)
        with decided():
            queries("merge").no_time_limit(step.connection)
            found = queries("merge").adopt_job(step.connection, job_id=job_id)
        answer = Answer.model_validate(found)
        if answer.outcome == "waiting":
            raise Busy("job-waiting", "Pending records wait for another job.")
    telemetry.action("job.adopted", outcome=answer.outcome, state=answer.state)
    pass_on(step.ways, job_id, answer.followers, changed=answer.outcome == "merged")
