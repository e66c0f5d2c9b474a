"""EventBridge schedule → stalled work is freed, sent again or ended.

A paused database is not woken: a job that has an object has a wake-up marker until it has
ended and is published, and a requested upload has a deadline in the state bucket. Without a
marker, and before a deadline, nothing can be stalled. Mere leftovers (old events, unused
staging tables) wait until the database is awake for another reason.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.pipeline.reap.deps import Deps
from functions.pipeline.reap.reap import reap
from functions.pipeline.reap.settings import ReapSettings
from waybill import telemetry
from waybill.clients import s3_client
from waybill.database.connect import connect
from waybill.metrics.database_figures import record_figures
from waybill.metrics.record import flush_metrics
from waybill.state.bucket import StateBucket

# A transfer that began before the deadline may end after it. The database allows 60 minutes,
# a little less than this, so that it agrees about which uploads are overdue.
_GRACE = timedelta(minutes=65)


def handle(_event: Mapping[str, Any], context: LambdaContext) -> dict[str, int]:
    """Reap. Returns a count per action; nothing when there was no need to look."""
    settings = ReapSettings.from_environment()
    telemetry.start("reap", settings, context)
    s3 = s3_client()
    state = StateBucket(s3, settings.state_bucket)
    passed = state.deadlines.passed(datetime.now(UTC) - _GRACE)
    if not passed and not state.markers.list() and not state.audit.keys():
        return {}
    with connect(settings, "reap") as connection:
        counts = reap(Deps(connection, s3, state, settings), passed)
        record_figures(connection, settings, settings.stuck_minutes)
    telemetry.action("reap.done", counts=counts)
    flush_metrics()
    return counts
