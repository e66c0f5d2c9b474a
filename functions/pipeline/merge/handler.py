"""SQS queue `merges` → rows in the tables, and word of it."""

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import TypeAdapter

from functions.pipeline.merge.deps import Step
from functions.pipeline.merge.merge_job import merge_job
from functions.pipeline.merge.resolve_pending import resolve_pending
from functions.pipeline.merge.settings import MergeSettings
from waybill import telemetry
from waybill.clients import events_client, s3_client
from waybill.database.connect import connect
from waybill.messages import MergeMessage, ResolvePendingMessage
from waybill.queues import BatchResponse, consume

_MESSAGE: TypeAdapter[MergeMessage | ResolvePendingMessage] = TypeAdapter(
    MergeMessage | ResolvePendingMessage
)


def handle(event: Mapping[str, Any], _context: LambdaContext) -> BatchResponse:
    """Merge each job of the batch; the answer names the messages that are to come again."""
    settings = MergeSettings.from_environment()
    telemetry.start("merge", settings)
    return consume(event, lambda body: _one(body, settings), settings.merges_queue_url)


def _one(body: str, settings: MergeSettings) -> None:
    message = _MESSAGE.validate_json(body)
    adopts = isinstance(message, ResolvePendingMessage)
    job_id = message.adopt_job_id if isinstance(message, ResolvePendingMessage) else message.job_id
    with telemetry.about(job_id), connect(settings, "merge") as connection:
        step = Step(connection, s3_client(), events_client(), settings)
        (resolve_pending if adopts else merge_job)(step, job_id)
