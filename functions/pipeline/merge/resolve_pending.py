"""The verb: take in a job's pending records whose parents have come."""

from uuid import UUID

from functions.pipeline.merge.deps import Answer, Step
from waybill import telemetry
from waybill.database.errors import translating_db_errors
from waybill.database.queries import queries
from waybill.errors import Busy
from waybill.outbox.publish_job_finished import publish_job_finished
from waybill.runs import run
from waybill.state.markers import put_marker


def resolve_pending(step: Step, job_id: UUID) -> None:
    """Take in what can be; records whose parents are still missing stay pending.

    Raises:
        Busy: a lock is taken, or something earlier has to end first: come back later.
        Rejected: there is no such job, or the database refuses its records.
        Retryable: something cannot be reached.
    """
    with run(step.connection, job_id, "adopt"):
        # Within the run, which keeps a refresh from taking the mark away again.
        put_marker(step.s3, step.settings.state_bucket, job_id)
        with translating_db_errors():
            queries("merge").no_time_limit(step.connection)
            found = queries("merge").resolve_pending(step.connection, job_id=job_id)
        answer = Answer.model_validate(found)
        if answer.outcome == "waiting":
            raise Busy("job-waiting", "Pending records wait for another job.")
    telemetry.action("job.adopted", outcome=answer.outcome, state=answer.state)
    publish_job_finished(step.ways, job_id, answer.unblocked, changed=answer.outcome == "merged")
