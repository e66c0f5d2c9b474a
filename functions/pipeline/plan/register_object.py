"""Registers an object: one job per version, however often its event is delivered."""

from functions.pipeline.plan.deps import Deps
from functions.pipeline.plan.models import LandedJob, ObjectCreated
from functions.pipeline.plan.register_ticket import job_options, record_extraction
from functions.pipeline.plan.resolve_version import resolve_version
from waybill import telemetry
from waybill.database.jobs import Jobs, ObjectVersion, Registration
from waybill.database.session import Session
from waybill.ids import new_id
from waybill.landing.keys import LandingKey, read_key
from waybill.landing.object_ref import ObjectRef
from waybill.state.tickets import Ticket
from waybill.states import JobState


def register_object(deps: Deps, created: ObjectCreated) -> LandedJob | None:
    """The object's job; None when there is nothing to plan, because it has ended.

    Raises:
        Retryable: something cannot be reached, or a lock is taken.
    """
    key = read_key(created.key)
    ticket = deps.state.tickets.find(key.job_id) if key.job_id else None
    if ticket and (ticket.bucket, ticket.key) != (created.bucket, created.key):
        # The client chose a key with the job id of another upload.
        key, ticket = key._replace(job_id=None), None
    ref = resolve_version(deps.s3, created)
    if ticket:
        record_extraction(deps, ticket)
    job, state = _insert(deps, key, ref, ticket, created)
    with telemetry.about(job.job_id):
        if not state.is_open:
            telemetry.action("object.ignored", key=ref.key, why=state)
            return None
        # From here on the schedules find the job, even if all its messages are lost.
        deps.state.markers.put(job.job_id)
        if ticket:
            deps.state.deadlines.delete(ticket.expires_at, ticket.job_id)
    return job


def _insert(
    deps: Deps, key: LandingKey, ref: ObjectRef, ticket: Ticket | None, created: ObjectCreated
) -> tuple[LandedJob, JobState]:
    filename = ticket.filename if ticket else key.filename
    Session(deps.connection).act_as(ticket.caller if ticket else None)
    registered = Jobs(deps.connection).register_object(
        ObjectVersion(*ref, created.landed_at, created.sequencer),
        Registration(key.dataset, filename, job_options(ticket)),
        given_job=key.job_id,
        fresh_job=new_id(),
    )
    if registered.archive_job_id is not None:
        ticket = _as_member(deps.state.tickets.find(registered.archive_job_id), ref)
    is_member = registered.archive_job_id is not None
    job = LandedJob(registered.job_id, key.dataset, ref, ticket, is_member, created.sequencer)
    with telemetry.about(job.job_id):
        telemetry.action("object.registered", key=ref.key, is_new=registered.is_new)
    return job, JobState(registered.state)


def _as_member(ticket: Ticket | None, ref: ObjectRef) -> Ticket | None:
    """The upload request of an archive, as that of a member: its options, not its identity."""
    if ticket is None:
        return None
    return ticket.model_copy(
        update={"sha256": None, "size_bytes": ref.size_bytes, "extraction": None}
    )
