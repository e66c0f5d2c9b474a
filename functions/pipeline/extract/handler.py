"""SQS queue `extracts` → files in the landing bucket; and checks of connections.

A run that has more to read than one invocation can continues with a message of its own. What a
failure of the source means is decided by the source's retry policy.
"""

import random
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import BotoCoreError, ClientError

from functions.pipeline.extract.attempt import attempt
from functions.pipeline.extract.deps import Deps
from functions.pipeline.extract.end_run import report
from functions.pipeline.extract.run_extraction import claim, fail
from functions.pipeline.extract.settings import ExtractSettings
from functions.pipeline.extract.show_records import show_records
from waybill import telemetry
from waybill.clients import sqs_client
from waybill.consumer import Consumer, consume
from waybill.errors import Rejected, Unavailable
from waybill.messages import ExtractMessage
from waybill.tracing import message_trace

_MAX_DELAY = 900  # of SQS


def handle(event: Mapping[str, Any], context: LambdaContext) -> Any:  # noqa: ANN401 - by the event
    """Work on each run of the batch; or, for `{"source": …}`, show the first records of it."""
    settings = ExtractSettings.from_environment()
    telemetry.start("extract", settings)
    deps = Deps.of(settings)
    if "source" in event:
        return show_records(deps, event["source"])

    def seconds_left() -> float:
        milliseconds: int = context.get_remaining_time_in_millis()
        return milliseconds / 1000

    def process(message: ExtractMessage) -> None:
        with telemetry.about(message.job_id):
            pause = attempt(deps, message.job_id, seconds_left)
            if pause is not None:
                _send_again(settings, message, pause)

    consumer = Consumer(
        settings.extracts_queue_url,
        ExtractMessage.model_validate_json,
        process,
        lambda message, reason: _give_up(deps, message, reason),
    )
    return consume(event, consumer)


def _send_again(settings: ExtractSettings, message: ExtractMessage, pause: float) -> None:
    # Jitter, so that sources that failed together do not come back together.
    seconds = min(_MAX_DELAY, round(pause * random.uniform(0.8, 1.2)))  # noqa: S311
    try:
        sqs_client().send_message(
            QueueUrl=settings.extracts_queue_url,
            MessageBody=message.model_dump_json(),
            DelaySeconds=seconds,
            **message_trace(),
        )
    except (ClientError, BotoCoreError) as error:
        raise Unavailable("queue-unavailable", "The queue cannot be reached.") from error


def _give_up(deps: Deps, message: ExtractMessage, reason: Rejected) -> None:
    found = deps.state.extractions.find(message.job_id)
    if found is None or found[0].has_ended or found[0].is_read:
        return
    ended = fail(deps, claim(deps, *found), reason.problem())
    report(deps, ended.extraction)
