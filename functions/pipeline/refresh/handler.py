"""Refreshes the views: on `job.finished`, and on a schedule in case such an event was lost.

When another refresh does not finish in time the event is raised as `Busy`: Lambda invokes the
function twice more, and after that the job's marker makes the schedule refresh until all is done.
"""

import time
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any
from uuid import UUID

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.pipeline.refresh.analyse_tables import analyse_tables
from functions.pipeline.refresh.clear_markers import clear_markers
from functions.pipeline.refresh.deps import Deps
from functions.pipeline.refresh.fold_partitions import fold_partitions
from functions.pipeline.refresh.premake_partitions import premake_partitions
from functions.pipeline.refresh.refresh_stale import refresh_stale
from functions.pipeline.refresh.send_lake_work import send_lake_work
from functions.pipeline.refresh.settings import RefreshSettings
from waybill import telemetry
from waybill.clients import s3_client
from waybill.database.connect import connect
from waybill.metrics.database_figures import record_figures
from waybill.state.bucket import StateBucket

# Kept back from the function's time to clear markers and end cleanly.
_RESERVE_SECONDS = 10.0
_MINIMUM_SECONDS = 5.0


def handle(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Refresh the stale views. Without a marker, the schedule does not wake a paused database."""
    settings = RefreshSettings.from_environment()
    telemetry.start("refresh", settings, context)
    state = StateBucket(s3_client(), settings.state_bucket)
    markers = state.markers.list()
    job_id = (event.get("detail") or {}).get("job_id")
    if job_id is None and not markers:
        return {"refreshed": [], "markers": 0}
    seconds = context.get_remaining_time_in_millis() / 1000 - _RESERVE_SECONDS
    with (
        telemetry.about(UUID(job_id)) if job_id else nullcontext(),
        connect(settings, "refresh") as connection,
    ):
        deps = Deps(connection, state, settings.chunks_queue_url)
        try:
            return _refresh(deps, markers, max(seconds, _MINIMUM_SECONDS))
        finally:
            # Also after a refresh that failed: then the views fall behind.
            record_figures(connection, settings)


def _refresh(deps: Deps, markers: list[str], seconds: float) -> dict[str, Any]:
    deadline = time.monotonic() + seconds
    parts = refresh_stale(deps.connection, seconds=seconds)
    premake_partitions(deps.connection)
    cleared = clear_markers(deps, markers)
    send_lake_work(deps)
    refreshed = [f"{part.dataset} {part.part}".strip() for part in parts]
    # Last: readers wait for the views, and nobody for this.
    analyse_tables(deps.connection, seconds=deadline - time.monotonic())
    fold_partitions(deps.connection, seconds=deadline - time.monotonic())
    telemetry.action("views.refreshed", parts=refreshed, markers=len(cleared))
    return {"refreshed": refreshed, "markers": len(cleared)}
