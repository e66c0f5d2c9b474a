"""SQS queue `merges` → rows in the tables, and word of it."""

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import TypeAdapter

from functions.merge.adopt_job import adopt_job
from functions.merge.merge_job import merge_job
from functions.merge.settings import MergeSettings
from functions.merge.step import Step
from waybill import telemetry
from waybill.clients import events_client, s3_client
from waybill.database.connect import connect
from waybill.messages import AdoptMessage, MergeMessage
from waybill.queues import BatchAnswer, consume

_MESSAGE: TypeAdapter[MergeMessage | AdoptMessage] = TypeAdapter(MergeMessage | AdoptMessage)


def handle(event: Mapping[str, Any], _context: LambdaContext) -> BatchAnswer:
    """Merge each job of the batch; the answer names the messages that are to come again."""
    settings = MergeSettings.from_environment()
    telemetry.start("merge", settings)
    return consume(event, lambda body: _one(body, settings), settings.merges_queue_url)


def _one(body: str, settings: MergeSettings) -> None:
    message = _MESSAGE.validate_json(body)
    adopts = isinstance(message, AdoptMessage)
    job_id = message.adopt_job_id if isinstance(message, AdoptMessage) else message.job_id
    with telemetry.about(job_id), connect(settings, "merge") as connection:
        step = Step(connection, s3_client(), events_client(), settings)
        (adopt_job if adopts else merge_job)(step, job_id)
