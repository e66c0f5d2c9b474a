"""Starts a run of a source when its schedule says so."""

from uuid import UUID

from functions.api.sources.deps import Deps
from functions.api.sources.start_run import start_source
from waybill import telemetry
from waybill.errors import Conflict, NotFound


def start_scheduled(deps: Deps, source_id: UUID) -> dict[str, str | None]:
    """Start a run, unless the last one goes on; the id of its job.

    Raises:
        Unavailable: something cannot be reached; the schedule calls again.
    """
    try:
        job_id = start_source(deps, source_id, None)
    except Conflict as error:
        telemetry.action("source.skipped", level="warning", detail=error.detail)
        return {"job_id": None}
    except NotFound:
        # Its schedule outlived it, because the deletion was cut off.
        deps.schedules.keep(source_id, None)
        telemetry.action("schedule.removed", level="warning", source_id=str(source_id))
        return {"job_id": None}
    telemetry.action("source.started", source_id=str(source_id), started=str(job_id))
    return {"job_id": str(job_id)}
