"""Loads the chunks named by messages of the SQS queue `chunks`; writes exports and archives."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import TypeAdapter

from functions.pipeline.load.archive_partition import archive_partition, fail_partition
from functions.pipeline.load.deps import Deps
from functions.pipeline.load.export_dataset import export_dataset, fail_export
from functions.pipeline.load.settings import LoadSettings
from functions.pipeline.load.stage_chunk import fail_job, stage_chunk
from waybill import telemetry
from waybill.clients import s3_client
from waybill.consumer import BatchResponse, Consumer, consume
from waybill.database.chunks import ChunkId
from waybill.database.connect import connect
from waybill.errors import Rejected
from waybill.messages import ChunkMessage, ExportMessage, LakeMessage

# Reserved at the end of the function's time to record the run and return the message.
_RESERVE_SECONDS = 15.0
_MIN_SECONDS = 5.0
_Work = ChunkMessage | ExportMessage | LakeMessage
_MESSAGE: TypeAdapter[_Work] = TypeAdapter(_Work)


def handle(event: Mapping[str, Any], context: LambdaContext) -> BatchResponse:
    """Stage each chunk of the batch; the response names the messages to redeliver."""
    settings = LoadSettings.from_environment()
    telemetry.start("load", settings, context)
    seconds = context.get_remaining_time_in_millis() / 1000 - _RESERVE_SECONDS

    def process(message: _Work) -> None:
        with _deps(message, settings, max(seconds, _MIN_SECONDS)) as deps:
            if isinstance(message, ExportMessage):
                _export(deps, message.export_id)
            elif isinstance(message, LakeMessage):
                archive_partition(deps, message.partition_id)
            else:
                stage_chunk(deps, ChunkId(message.job_id, message.chunk))

    def fail(message: _Work, reason: Rejected) -> None:
        with _deps(message, settings, _MIN_SECONDS) as deps:
            if isinstance(message, ExportMessage):
                fail_export(deps, message.export_id, reason.problem())
            elif isinstance(message, LakeMessage):
                fail_partition(deps, message.partition_id, reason)
            else:
                fail_job(deps, ChunkId(message.job_id, message.chunk), reason)

    consumer = Consumer(settings.chunks_queue_url, _MESSAGE.validate_json, process, fail)
    return consume(event, consumer)


def _export(deps: Deps, export_id: UUID) -> None:
    try:
        export_dataset(deps, export_id)
    except Rejected as reason:
        fail_export(deps, export_id, reason.problem())
        raise


@contextmanager
def _deps(message: _Work, settings: LoadSettings, seconds: float) -> Iterator[Deps]:
    about: UUID
    if isinstance(message, ExportMessage):
        about = message.export_id
    else:
        about = message.partition_id if isinstance(message, LakeMessage) else message.job_id
    with telemetry.about(about), connect(settings, "load") as connection:
        yield Deps(connection, s3_client(), settings, seconds)
