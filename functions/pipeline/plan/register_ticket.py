"""Registers a requested upload before its file arrives."""

from uuid import UUID

from functions.pipeline.plan.deps import Deps
from waybill import telemetry
from waybill.database.jobs import Jobs, Registration
from waybill.database.session import Session
from waybill.database.source_runs import SourceRuns
from waybill.messages import MergeMessage
from waybill.queues import send
from waybill.state.tickets import Ticket
from waybill.states import JobState


def register_ticket(deps: Deps, job_id: UUID) -> None:
    """Create the job of a requested upload, unless it exists.

    Raises:
        Retryable: the database or S3 cannot be reached.
    """
    with telemetry.about(job_id):
        ticket = deps.state.tickets.find(job_id)
        if ticket is None:
            telemetry.action("ticket.missing", level="warning")
            return
        if ticket.extraction:
            record_extraction(deps, ticket)
            return
        Session(deps.connection).act_as(ticket.caller)
        state = Jobs(deps.connection).register_ticket(
            job_id,
            Registration(ticket.dataset, ticket.filename, job_options(ticket)),
            size_bytes=ticket.size_bytes,
            created_at=ticket.created_at,
            expires_at=ticket.expires_at,
        )
        if state is JobState.AWAITING_UPLOAD:
            deps.state.deadlines.put(ticket.expires_at, job_id)
        telemetry.action("ticket.registered", dataset=ticket.dataset, state=state)


def record_extraction(deps: Deps, ticket: Ticket) -> None:
    """Record what a run of a source has done, before its file is registered.

    Raises:
        Retryable: the database, S3 or the queue cannot be reached.
    """
    if ticket.extraction is None:
        return
    runs = SourceRuns(deps.connection)
    state = runs.record(ticket.job_id, ticket.extraction)
    telemetry.action("extraction.recorded", dataset=ticket.dataset, state=state)
    # Not where the event of a ticket comes again: that would be one more attempt of an ended job.
    if state.is_final and not runs.end_is_published(ticket.job_id):
        deps.state.markers.put(ticket.job_id)
        # Trigger a merge so that the end is published.
        send(deps.settings.merges_queue_url, [MergeMessage(job_id=ticket.job_id)])


def job_options(ticket: Ticket | None) -> dict[str, object]:
    """The client's options, as they are stored with the job."""
    names = {"sha256", "delimiter", "encoding", "dry_run"}
    options = {} if ticket is None else ticket.model_dump(include=names)
    return {name: value for name, value in options.items() if value}
