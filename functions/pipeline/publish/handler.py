"""EventBridge schedule → digests of notifications, and the outbox rows that are not published yet.

A merge publishes its own rows; this function finds those of a merge that was killed.

A paused database is not woken: every commit that writes to the outbox was preceded by a
wake-up marker, and `refresh` deletes only the markers of jobs whose events are published. For what
happens without a commit, a source that becomes late, the state bucket has the time of the next.
The lag of the sources, which grows meanwhile, is written from the last figures of the database.
"""

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.pipeline.publish.settings import PublishSettings
from waybill import telemetry
from waybill.clients import events_client, s3_client
from waybill.database.connect import connect
from waybill.database.notifications import Notifications
from waybill.metrics.database_figures import record_figures
from waybill.metrics.record import flush_metrics
from waybill.metrics.source_lag import write_source_lags
from waybill.metrics.stored import StoredMetrics
from waybill.outbox.relay import relay
from waybill.state.bucket import StateBucket


def handle(_event: Mapping[str, Any], context: LambdaContext) -> dict[str, int]:
    """Publish the unpublished rows. Returns their number as `published`."""
    settings = PublishSettings.from_environment()
    telemetry.start("publish", settings, context)
    state = StateBucket(s3_client(), settings.state_bucket)
    stored = state.next_publication.find()
    if not stored.next.is_due and not state.markers.list():
        if settings.metrics_bucket:
            write_source_lags(StoredMetrics(s3_client(), settings.metrics_bucket).database())
        return {"published": 0}
    with connect(settings, "publish") as connection:
        notifications = Notifications(connection)
        notifications.make_due()
        published = relay(connection, events_client(), settings.event_bus_name)
        state.next_publication.replace(stored, notifications.next_time())
        # A change of a source has no other figures.
        record_figures(connection, settings)
    flush_metrics()
    return {"published": published}
