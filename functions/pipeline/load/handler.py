"""SQS queue `chunks` → rows in staging tables. One bad message never blocks the others."""

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.pipeline.load.deps import ChunkId, Step
from functions.pipeline.load.settings import LoadSettings
from functions.pipeline.load.stage_chunk import stage_chunk
from waybill import telemetry
from waybill.clients import s3_client
from waybill.database.connect import connect
from waybill.messages import ChunkMessage
from waybill.queues import BatchResponse, consume

# Kept back from the function's time to end the run and hand the message on.
_RESERVE_SECONDS = 15.0
_LEAST_SECONDS = 5.0


def handle(event: Mapping[str, Any], context: LambdaContext) -> BatchResponse:
    """Stage each chunk of the batch; the answer names the messages that are to come again."""
    settings = LoadSettings.from_environment()
    telemetry.start("load", settings)
    return consume(event, lambda body: _one(body, settings, context), settings.chunks_queue_url)


def _one(body: str, settings: LoadSettings, context: LambdaContext) -> None:
    message = ChunkMessage.model_validate_json(body)
    with telemetry.about(message.job_id), connect(settings, "load") as connection:
        seconds = context.get_remaining_time_in_millis() / 1000 - _RESERVE_SECONDS
        step = Step(connection, s3_client(), settings, max(seconds, _LEAST_SECONDS))
        stage_chunk(step, ChunkId(message.job_id, message.chunk))
