"""The verb for `landing/…`: an object becomes a job, once, and its chunks go to the loaders."""

from typing import NamedTuple
from uuid import UUID

from psycopg.types.json import Jsonb

from functions.pipeline.plan.deps import LandedJob, Step
from functions.pipeline.plan.landed_event import LandedEvent
from functions.pipeline.plan.plan_chunks import Planned, plan_chunks, resend_messages
from functions.pipeline.plan.register_ticket import options_of
from functions.pipeline.plan.resolve_version import resolve_version
from waybill import telemetry
from waybill.database.errors import translating_db_errors
from waybill.database.queries import queries
from waybill.errors import Rejected
from waybill.ids import new_id
from waybill.landing.keys import LandingKey, read_key
from waybill.landing.objects import ObjectRef
from waybill.messages import MergeMessage
from waybill.queues import send
from waybill.runs import run
from waybill.state.markers import put_marker
from waybill.state.tickets import Ticket, find_ticket
from waybill.state.upload_deadlines import drop_due

_OPEN = ("LANDED", "LOADING", "MERGING")


class _Job(NamedTuple):
    job_id: UUID
    state: str
    is_new: bool


def cut_object(step: Step, landed: LandedEvent) -> None:
    """Register the object, check it, and cut it; again for one that is planned already.

    Raises:
        Rejected: `misplaced-object`; what is wrong with the file itself fails its job instead.
        Retryable: something cannot be reached, or a lock is taken.
    """
    key = read_key(landed.key)
    ticket = find_ticket(step.s3, step.settings.state_bucket, key.job_id) if key.job_id else None
    if ticket and (ticket.bucket, ticket.key) != (landed.bucket, landed.key):
        # Somebody else's job id in a key of their own making.
        key, ticket = key._replace(job_id=None), None
    ref = resolve_version(step.s3, landed)
    if ref.size_bytes == 0 and ticket is None:
        telemetry.action("object.ignored", key=ref.key, why="a folder marker")
        return
    job = _register(step, key, ref, ticket, landed)
    with telemetry.about(job.job_id):
        if job.state not in _OPEN:
            telemetry.action("object.ignored", key=ref.key, why=job.state)
            return
        telemetry.action("object.registered", key=ref.key, is_new=job.is_new)
        # From here on the schedules look after the job, whatever message of it is lost.
        put_marker(step.s3, step.settings.state_bucket, job.job_id)
        if ticket:
            drop_due(step.s3, step.settings.state_bucket, ticket.expires_at, ticket.job_id)
        _plan(step, LandedJob(job.job_id, key.dataset, ref, ticket))


def _register(
    step: Step, key: LandingKey, ref: ObjectRef, ticket: Ticket | None, landed: LandedEvent
) -> _Job:
    with translating_db_errors():
        row = queries("plan").register_object(
            step.connection,
            given_job=key.job_id,
            fresh_job=new_id(),
            dataset=key.dataset,
            bucket=ref.bucket,
            key=ref.key,
            version_id=ref.version_id,
            etag=ref.etag,
            size_bytes=ref.size_bytes,
            filename=ticket.filename if ticket else key.filename,
            landed_at=landed.landed_at,
            options=options_of(ticket),
        )
    return _Job(*row)


def _plan(step: Step, job: LandedJob) -> None:
    with translating_db_errors():
        planned = Planned(*queries("plan").planned_chunks(step.connection, job_id=job.job_id))
    if planned.chunks_total is not None:
        resend_messages(step, job.job_id, planned)
        return
    try:
        with run(step.connection, job.job_id, "plan"):
            plan_chunks(step, job, planned)
    except Rejected as error:
        with translating_db_errors():
            problem = Jsonb(error.problem())
            state = queries("plan").fail_job(step.connection, job_id=job.job_id, problem=problem)
        telemetry.action("job.refused", level="warning", code=error.code, state=state)
        # Jobs may wait for this one, and its end is to be told.
        send(step.settings.merges_queue_url, [MergeMessage(job_id=job.job_id)])
