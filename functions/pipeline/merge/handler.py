"""SQS queue `merges` → rows in the tables, or out of them, events, and messages to other jobs."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import TypeAdapter

from functions.pipeline.merge.deps import Deps
from functions.pipeline.merge.merge_job import fail_job
from functions.pipeline.merge.resolve_pending import reject_pending, resolve_pending
from functions.pipeline.merge.revert_job import refuse_revert, revert_job
from functions.pipeline.merge.settings import MergeSettings
from functions.pipeline.merge.take_turns import take_turns
from waybill import telemetry
from waybill.clients import events_client, s3_client
from waybill.consumer import BatchResponse, Consumer, consume
from waybill.database.connect import connect
from waybill.errors import Rejected
from waybill.messages import MergeMessage, ResolvePendingMessage, RevertMessage
from waybill.state.bucket import StateBucket

_Message = MergeMessage | ResolvePendingMessage | RevertMessage
_MESSAGE: TypeAdapter[_Message] = TypeAdapter(_Message)


def handle(event: Mapping[str, Any], context: LambdaContext) -> BatchResponse:
    """Merge or revert each job of the batch. Returns the messages to redeliver."""
    settings = MergeSettings.from_environment()
    telemetry.start("merge", settings, context)
    consumer = Consumer(
        settings.merges_queue_url,
        _MESSAGE.validate_json,
        lambda message: _process(message, settings),
        lambda message, reason: _fail(message, reason, settings),
    )
    return consume(event, consumer)


def _process(message: _Message, settings: MergeSettings) -> None:
    match message:
        case ResolvePendingMessage(pending_job_id=job_id):
            with _deps(job_id, settings) as deps:
                resolve_pending(deps, job_id)
        case RevertMessage(reverted_job_id=job_id):
            with _deps(job_id, settings) as deps:
                revert_job(deps, job_id)
        case MergeMessage(job_id=job_id):
            with _deps(job_id, settings) as deps:
                take_turns(deps, job_id)


def _fail(message: _Message, reason: Rejected, settings: MergeSettings) -> None:
    match message:
        case ResolvePendingMessage(pending_job_id=job_id):
            with _deps(job_id, settings) as deps:
                reject_pending(deps, job_id, reason)
        case RevertMessage(reverted_job_id=job_id):
            with _deps(job_id, settings) as deps:
                refuse_revert(deps, job_id, reason)
        case MergeMessage(job_id=job_id):
            with _deps(job_id, settings) as deps:
                fail_job(deps, job_id, reason)


@contextmanager
def _deps(job_id: UUID, settings: MergeSettings) -> Iterator[Deps]:
    with telemetry.about(job_id), connect(settings, "merge") as connection:
        state = StateBucket(s3_client(), settings.state_bucket)
        yield Deps(connection, state, events_client(), settings)
