"""Loads the chunks named by messages of the SQS queue `chunks` into staging tables."""

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.pipeline.load.deps import Deps
from functions.pipeline.load.settings import LoadSettings
from functions.pipeline.load.stage_chunk import stage_chunk
from waybill import telemetry
from waybill.clients import s3_client
from waybill.database.chunks import ChunkId
from waybill.database.connect import connect
from waybill.messages import ChunkMessage
from waybill.queues import BatchResponse, consume

# Reserved at the end of the function's time to record the run and return the message.
_RESERVE_SECONDS = 15.0
_MIN_SECONDS = 5.0


def handle(event: Mapping[str, Any], context: LambdaContext) -> BatchResponse:
    """Stage each chunk of the batch; the response names the messages to redeliver."""
    settings = LoadSettings.from_environment()
    telemetry.start("load", settings)
    return consume(
        event, lambda body: _handle_message(body, settings, context), settings.chunks_queue_url
    )


def _handle_message(body: str, settings: LoadSettings, context: LambdaContext) -> None:
    message = ChunkMessage.model_validate_json(body)
    with telemetry.about(message.job_id), connect(settings, "load") as connection:
        seconds = context.get_remaining_time_in_millis() / 1000 - _RESERVE_SECONDS
        deps = Deps(connection, s3_client(), settings, max(seconds, _MIN_SECONDS))
        stage_chunk(deps, ChunkId(message.job_id, message.chunk))
