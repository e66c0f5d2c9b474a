"""Loads the chunks named by messages of the SQS queue `chunks` into staging tables."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.pipeline.load.deps import Deps
from functions.pipeline.load.settings import LoadSettings
from functions.pipeline.load.stage_chunk import fail_job, stage_chunk
from waybill import telemetry
from waybill.clients import s3_client
from waybill.consumer import BatchResponse, Consumer, consume
from waybill.database.chunks import ChunkId
from waybill.database.connect import connect
from waybill.errors import Rejected
from waybill.messages import ChunkMessage

# Reserved at the end of the function's time to record the run and return the message.
_RESERVE_SECONDS = 15.0
_MIN_SECONDS = 5.0


def handle(event: Mapping[str, Any], context: LambdaContext) -> BatchResponse:
    """Stage each chunk of the batch; the response names the messages to redeliver."""
    settings = LoadSettings.from_environment()
    telemetry.start("load", settings, context)
    seconds = context.get_remaining_time_in_millis() / 1000 - _RESERVE_SECONDS

    def process(message: ChunkMessage) -> None:
        with _deps(message, settings, max(seconds, _MIN_SECONDS)) as deps:
            stage_chunk(deps, ChunkId(message.job_id, message.chunk))

    def fail(message: ChunkMessage, reason: Rejected) -> None:
        with _deps(message, settings, _MIN_SECONDS) as deps:
            fail_job(deps, ChunkId(message.job_id, message.chunk), reason)

    consumer = Consumer(settings.chunks_queue_url, ChunkMessage.model_validate_json, process, fail)
    return consume(event, consumer)


@contextmanager
def _deps(message: ChunkMessage, settings: LoadSettings, seconds: float) -> Iterator[Deps]:
    with telemetry.about(message.job_id), connect(settings, "load") as connection:
        yield Deps(connection, s3_client(), settings, seconds)
