"""Refreshes the views: on `job.finished`, and on a schedule in case word of a job was lost.

When another refresher has not finished in time the event is raised as `Busy`: Lambda invokes
again, twice, and after that the job's mark keeps the schedule coming until all is refreshed.
"""

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.refresh.look_ahead import look_ahead
from functions.refresh.refresh_stale import refresh_stale
from functions.refresh.settings import RefreshSettings
from functions.refresh.settle_marks import settle_marks
from waybill.clients import s3_client
from waybill.database.connect import connect
from waybill.marks import list_marks

logger = Logger(service="waybill.refresh")
# Kept back from the function's time for marks and a clean end.
_RESERVE_SECONDS = 10.0
_LEAST_SECONDS = 5.0


def handle(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Refresh what is stale; the schedule leaves a sleeping database asleep without a mark."""
    settings = RefreshSettings.from_environment()
    marks = list_marks(s3_client(), settings.state_bucket)
    if event.get("detail-type") != "job.finished" and not marks:
        return {"refreshed": [], "marks": 0}
    left = context.get_remaining_time_in_millis() / 1000
    with connect(settings, "refresh") as connection:
        parts = refresh_stale(connection, seconds=max(left - _RESERVE_SECONDS, _LEAST_SECONDS))
        look_ahead(connection)
        gone = settle_marks(connection, s3_client(), settings.state_bucket, marks)
    refreshed = [f"{part.dataset} {part.part}".strip() for part in parts]
    logger.info(
        "refreshed",
        action="refresh.done",
        job_id=(event.get("detail") or {}).get("job_id"),
        parts=refreshed,
        marks=len(gone),
    )
    return {"refreshed": refreshed, "marks": len(gone)}
