"""SQS queue `merges` → rows in the tables, events, and messages to the jobs that waited."""

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import TypeAdapter

from functions.pipeline.merge.deps import Deps
from functions.pipeline.merge.merge_job import merge_job
from functions.pipeline.merge.resolve_pending import resolve_pending
from functions.pipeline.merge.settings import MergeSettings
from waybill import telemetry
from waybill.clients import events_client, s3_client
from waybill.database.connect import connect
from waybill.messages import MergeMessage, ResolvePendingMessage
from waybill.queues import BatchResponse, consume
from waybill.state.bucket import StateBucket

_MESSAGE: TypeAdapter[MergeMessage | ResolvePendingMessage] = TypeAdapter(
    MergeMessage | ResolvePendingMessage
)


def handle(event: Mapping[str, Any], _context: LambdaContext) -> BatchResponse:
    """Merge each job of the batch. Returns the messages to be received again."""
    settings = MergeSettings.from_environment()
    telemetry.start("merge", settings)
    return consume(event, lambda body: _one(body, settings), settings.merges_queue_url)


def _one(body: str, settings: MergeSettings) -> None:
    message = _MESSAGE.validate_json(body)
    if isinstance(message, ResolvePendingMessage):
        verb, job_id = resolve_pending, message.pending_job_id
    else:
        verb, job_id = merge_job, message.job_id
    with telemetry.about(job_id), connect(settings, "merge") as connection:
        state = StateBucket(s3_client(), settings.state_bucket)
        deps = Deps(connection, state, events_client(), settings)
        verb(deps, job_id)
