"""SQS queue `landed` → jobs and their chunks. One bad message never blocks the others."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.pipeline.plan.deps import Deps
from functions.pipeline.plan.models import ObjectCreated, parse_event
from functions.pipeline.plan.plan_object import fail_object, plan_object
from functions.pipeline.plan.register_ticket import register_ticket
from functions.pipeline.plan.settings import PlanSettings
from waybill import telemetry
from waybill.clients import s3_client
from waybill.consumer import BatchResponse, Consumer, consume
from waybill.database.connect import connect
from waybill.errors import Rejected
from waybill.landing.keys import PREFIX
from waybill.state.bucket import StateBucket
from waybill.state.tickets import job_of_ticket


def handle(event: Mapping[str, Any], context: LambdaContext) -> BatchResponse:
    """Plan each object and register each ticket of the batch. Returns the failed messages."""
    settings = PlanSettings.from_environment()
    telemetry.start("plan", settings, context)
    consumer = Consumer(
        settings.landed_queue_url,
        parse_event,
        lambda created: _process(created, settings),
        lambda created, reason: _fail(created, reason, settings),
    )
    return consume(event, consumer)


def _process(created: ObjectCreated | None, settings: PlanSettings) -> None:
    if created is None:
        telemetry.action("event.ignored", level="warning")
        return
    ticket_job = job_of_ticket(created.key) if created.bucket == settings.state_bucket else None
    if not ticket_job and not _is_file(created, settings):
        telemetry.action("object.ignored", key=created.key)
        return
    with _deps(settings) as deps:
        if ticket_job:
            register_ticket(deps, ticket_job)
        else:
            plan_object(deps, created)


def _fail(created: ObjectCreated | None, reason: Rejected, settings: PlanSettings) -> None:
    if created is not None and _is_file(created, settings):
        with _deps(settings) as deps:
            fail_object(deps, created, reason)


@contextmanager
def _deps(settings: PlanSettings) -> Iterator[Deps]:
    state = StateBucket(s3_client(), settings.state_bucket)
    with connect(settings, "plan") as connection:
        yield Deps(connection, s3_client(), state, settings)


def _is_file(created: ObjectCreated, settings: PlanSettings) -> bool:
    """Keys that end in `/` are folder markers, as consoles create them."""
    inside = created.bucket == settings.landing_bucket and created.key.startswith(PREFIX)
    return inside and not created.key.endswith("/")
