"""SQS queue `landed` → jobs and their chunks. One bad message never blocks the others."""

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.pipeline.plan.cut_object import cut_object
from functions.pipeline.plan.deps import Step
from functions.pipeline.plan.landed_event import LandedEvent, read_event
from functions.pipeline.plan.register_ticket import register_ticket
from functions.pipeline.plan.settings import PlanSettings
from waybill import telemetry
from waybill.clients import s3_client
from waybill.database.connect import connect
from waybill.landing.keys import PREFIX
from waybill.queues import BatchResponse, consume
from waybill.state.tickets import job_of_key


def handle(event: Mapping[str, Any], _context: LambdaContext) -> BatchResponse:
    """Take each landed object or ticket of the batch; the answer names those to come again."""
    settings = PlanSettings.from_environment()
    telemetry.start("plan", settings)
    return consume(event, lambda body: _one(body, settings), settings.landed_queue_url)


def _one(body: str, settings: PlanSettings) -> None:
    landed = read_event(body)
    if landed is None:
        telemetry.action("event.ignored", level="warning", body=body[:200])
    elif landed.bucket == settings.state_bucket and (job_id := job_of_key(landed.key)):
        with telemetry.about(job_id), connect(settings, "plan") as connection:
            register_ticket(Step(connection, s3_client(), settings), job_id)
    elif _is_file(landed, settings):
        with connect(settings, "plan") as connection:
            cut_object(Step(connection, s3_client(), settings), landed)
    else:
        telemetry.action("object.ignored", key=landed.key)


def _is_file(landed: LandedEvent, settings: PlanSettings) -> bool:
    """Consoles write empty objects whose keys end in `/` to show folders."""
    inside = landed.bucket == settings.landing_bucket and landed.key.startswith(PREFIX)
    return inside and not landed.key.endswith("/")
