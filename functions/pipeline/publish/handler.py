"""Schedule → events that a killed merge left in the outbox.

It leaves a sleeping database asleep: a commit that has something to tell has put a mark before.
`refresh` takes the marks away, and only of jobs whose events are out.
"""

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.pipeline.publish.settings import PublishSettings
from waybill import telemetry
from waybill.clients import events_client, s3_client
from waybill.database.connect import connect
from waybill.outbox.relay import drain
from waybill.state.markers import list_markers


def handle(_event: Mapping[str, Any], _context: LambdaContext) -> dict[str, int]:
    """Publish what is left; `published` is the number of events."""
    settings = PublishSettings.from_environment()
    telemetry.start("publish", settings)
    if not list_markers(s3_client(), settings.state_bucket):
        return {"published": 0}
    with connect(settings, "publish") as connection:
        published = drain(connection, events_client(), settings.event_bus_name)
    return {"published": published}
