"""Schedule → what stands still is freed, sent again or ended.

It leaves a sleeping database asleep: a job that has landed has a mark until it has ended and is
told, and an announced upload has a deadline (`waybill.state.upload_deadlines`). Without a
mark, and before such a time, there is nothing that could stand still. What merely lies around
(old events, left tables) waits until the database is awake for something else.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.pipeline.reap.deps import Step
from functions.pipeline.reap.reap import reap
from functions.pipeline.reap.settings import ReapSettings
from waybill import telemetry
from waybill.clients import s3_client
from waybill.database.connect import connect
from waybill.state.markers import list_markers
from waybill.state.upload_deadlines import list_due

# An upload that began in time may end later; the database waits a little less, so that it
# agrees about what is over.
_GRACE = timedelta(minutes=65)


def handle(_event: Mapping[str, Any], _context: LambdaContext) -> dict[str, int]:
    """Reap; how many were concerned, by what was done, nothing when there was no need to look."""
    settings = ReapSettings.from_environment()
    telemetry.start("reap", settings)
    s3 = s3_client()
    due = list_due(s3, settings.state_bucket, datetime.now(UTC) - _GRACE)
    if not due and not list_markers(s3, settings.state_bucket):
        return {}
    with connect(settings, "reap") as connection:
        done = reap(Step(connection, s3, settings), due)
    telemetry.action("reap.done", done=done)
    return done
