"""POST /batch/{dataset}: write up to 1,000 rows synchronously."""

import hashlib
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Header, Path
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.api.batch.deps import deps
from functions.api.batch.models import BatchRequest, BatchResponse
from functions.api.batch.write_batch import Batch, write_batch
from waybill.http.app import create_api
from waybill.http.bodies import BodySpec, body_bytes
from waybill.http.describe import describe_responses
from waybill.http.exact_json import read_exactly
from waybill.http.links import base_url
from waybill.http.responses import json_response

# Lambda's request limit is 6 MB.
_BODY = BodySpec(limit_bytes=5 * 1024**2, hint=" Upload a larger file: POST /uploads/{dataset}.")
api = create_api("batch", {"/batch/{dataset}": _BODY}, read_exactly)
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        description="The same batch with the same key is written once within 24 hours.",
    ),
]


@api.post(
    "/batch/<dataset>",
    tags=["batches"],
    responses=describe_responses({200: BatchResponse}, 400, 404, 409, 413, 415, 422, 503),
)
def batch(
    dataset: Annotated[str, Path()],
    request: Annotated[BatchRequest, Body()],
    key: IdempotencyKey = None,
) -> Response[Any]:
    """Write 1 to 1,000 rows in one transaction.

    The rows get the same checks and the same merge as a file that lands now. A field that a row
    lacks keeps its value in an existing row and gets its default in a new one; null means NULL.
    Numbers keep every digit. `errors` lists each invalid row and column. If all rows are valid,
    the only possible failure is 503; retry the same request.
    """
    sha256 = hashlib.sha256(body_bytes(api.current_event)).hexdigest()
    result = write_batch(deps(), Batch(dataset, request, key, sha256, api.started, api.caller))
    api.logger.set_correlation_id(str(result.job_id))
    api.logger.info(
        "batch written",
        action="batch.written",
        dataset=dataset,
        rows=len(request.rows),
        rows_written=result.rows_written,
        milliseconds=result.latency_ms,
    )
    location = f"{base_url(api.current_event)}/jobs/{result.job_id}"
    return json_response(result, headers={"Location": location})


def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle an API Gateway proxy event."""
    return api.resolve(event, context)
