"""Refreshes the views: on `job.finished`, and on a schedule in case word of a job was lost.

When another refresher has not finished in time the event is raised as `Busy`: Lambda invokes
again, twice, and after that the job's mark keeps the schedule coming until all is refreshed.
"""

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any
from uuid import UUID

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.pipeline.refresh.clear_markers import clear_markers
from functions.pipeline.refresh.premake_partitions import premake_partitions
from functions.pipeline.refresh.refresh_stale import refresh_stale
from functions.pipeline.refresh.settings import RefreshSettings
from waybill import telemetry
from waybill.clients import s3_client
from waybill.database.connect import connect
from waybill.state.markers import list_markers

# Kept back from the function's time for marks and a clean end.
_RESERVE_SECONDS = 10.0
_LEAST_SECONDS = 5.0


def handle(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Refresh what is stale; the schedule leaves a sleeping database asleep without a mark."""
    settings = RefreshSettings.from_environment()
    telemetry.start("refresh", settings)
    marks = list_markers(s3_client(), settings.state_bucket)
    job_id = (event.get("detail") or {}).get("job_id")
    if job_id is None and not marks:
        return {"refreshed": [], "marks": 0}
    seconds = context.get_remaining_time_in_millis() / 1000 - _RESERVE_SECONDS
    with telemetry.about(UUID(job_id)) if job_id else nullcontext():
        return _refresh(settings, marks, max(seconds, _LEAST_SECONDS))


def _refresh(settings: RefreshSettings, marks: list[str], seconds: float) -> dict[str, Any]:
    with connect(settings, "refresh") as connection:
        parts = refresh_stale(connection, seconds=seconds)
        premake_partitions(connection)
        gone = clear_markers(connection, s3_client(), settings.state_bucket, marks)
    refreshed = [f"{part.dataset} {part.part}".strip() for part in parts]
    telemetry.action("views.refreshed", parts=refreshed, marks=len(gone))
    return {"refreshed": refreshed, "marks": len(gone)}
