"""POST /batch/{dataset}: up to 1,000 rows, written while the caller waits."""

import hashlib
from functools import cache
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Header, Path
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.api.batch.answer import BatchResponse
from functions.api.batch.deps import Store
from functions.api.batch.request import BatchRequest
from functions.api.batch.settings import BatchSettings
from functions.api.batch.write_batch import Batch, write_batch
from waybill.clients import events_client, s3_client
from waybill.http.app import create_api
from waybill.http.bodies import Takes, body_bytes
from waybill.http.describe import answers
from waybill.http.exact_json import read_exactly
from waybill.http.links import base_url
from waybill.http.persistent_connection import WarmDatabase
from waybill.http.responses import json_answer
from waybill.state.bucket import StateBucket

# A function is called with at most 6 MB.
_TAKES = Takes(limit_bytes=5 * 1024**2, otherwise=" POST /uploads/{dataset} takes larger files.")
api = create_api("batch", {"/batch/{dataset}": _TAKES}, read_exactly)
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        description="The same batch under the same key is written once, for 24 hours.",
    ),
]


@cache
def store() -> Store:
    """Database, clients, contracts and validators, kept for the life of the process."""
    settings = BatchSettings.from_environment()
    state = StateBucket(s3_client(), settings.state_bucket)
    database = WarmDatabase(settings, "batch")
    return Store(database, events_client(), settings, state, {})


@api.post(
    "/batch/<dataset>",
    tags=["batches"],
    responses=answers({200: BatchResponse}, 400, 404, 409, 413, 415, 422, 503),
)
def batch(
    dataset: Annotated[str, Path()],
    request: Annotated[BatchRequest, Body()],
    key: Key = None,
) -> Response[Any]:
    """Write 1 to 1,000 rows, all or none, or with `mode=partial` the good ones.

    Rows are checked and merged as those of a file that lands now. Numbers are taken as they are
    written, digit by digit. Row and column of all that is
    wrong are in `errors`. Without a row being wrong nothing but `503` keeps it from being
    written, and then the same request may be sent again.
    """
    body = hashlib.sha256(body_bytes(api.current_event)).hexdigest()
    asked = Batch(dataset, request, key, body, api.started)
    answer = write_batch(store(), asked)
    api.logger.set_correlation_id(str(answer.job_id))
    api.logger.info(
        "batch written",
        action="batch.written",
        dataset=dataset,
        rows=len(request.rows),
        rows_written=answer.rows_written,
        milliseconds=answer.latency_ms,
    )
    location = f"{base_url(api.current_event)}/jobs/{answer.job_id}"
    return json_answer(answer, headers={"Location": location})


def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer an API Gateway proxy event."""
    return api.resolve(event, context)
