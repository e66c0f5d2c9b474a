"""The verb for `tickets/…`: list an upload that was announced, before its file comes."""

from uuid import UUID

from psycopg.types.json import Jsonb

from functions.pipeline.plan.deps import Step
from waybill import telemetry
from waybill.database.errors import translating_db_errors
from waybill.database.queries import queries
from waybill.state.tickets import Ticket, find_ticket
from waybill.state.upload_deadlines import put_deadline


def options_of(ticket: Ticket | None) -> Jsonb:
    """What the client asked for, as it is kept with the job."""
    kept = {"sha256", "delimiter", "encoding", "dry_run"}
    asked = {} if ticket is None else ticket.model_dump(include=kept)
    return Jsonb({name: value for name, value in asked.items() if value})


def register_ticket(step: Step, job_id: UUID) -> None:
    """Make the awaited upload a job; nothing when it is one already.

    Raises:
        Retryable: the database or S3 cannot be reached.
    """
    ticket = find_ticket(step.s3, step.settings.state_bucket, job_id)
    if ticket is None:
        telemetry.action("ticket.gone", level="warning")
        return
    with translating_db_errors():
        state = queries("plan").register_ticket(
            step.connection,
            job_id=ticket.job_id,
            dataset=ticket.dataset,
            filename=ticket.filename,
            size_bytes=ticket.size_bytes,
            options=options_of(ticket),
            created_at=ticket.created_at,
            expires_at=ticket.expires_at,
        )
    if state == "AWAITING_UPLOAD":
        put_deadline(step.s3, step.settings.state_bucket, ticket.expires_at, job_id)
    telemetry.action("ticket.registered", dataset=ticket.dataset, state=state)
