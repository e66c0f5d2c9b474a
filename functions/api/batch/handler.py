"""POST /batch/{dataset}: write up to 1,000 rows synchronously. Previews, which write nothing."""

import hashlib
from typing import Annotated, Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Header, Path, Query
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.api.batch.bodies import ROWS, SAMPLE
from functions.api.batch.deps import deps
from functions.api.batch.models import BatchRequest, BatchResponse
from functions.api.batch.preview_models import Preview
from functions.api.batch.write_batch import Batch, write_batch
from waybill.errors import Rejected
from waybill.http.access import may_read_personal
from waybill.http.app import create_api
from waybill.http.bodies import body_bytes
from waybill.http.describe import describe_responses
from waybill.http.exact_json import read_exactly
from waybill.http.file_options import Delimiter, Encoding
from waybill.http.links import base_url
from waybill.http.responses import json_response

api = create_api(
    "batch", {"/batch/{dataset}": ROWS, "/datasets/{name}/preview": SAMPLE}, read_exactly
)
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


@api.post(
    "/datasets/<name>/preview",
    tags=["datasets"],
    responses=describe_responses({200: Preview}, 400, 404, 413, 415, 422, 503),
)
def post_preview(  # noqa: PLR0913 - a parameter each
    name: Annotated[str, Path()],
    *,
    delimiter: Annotated[Delimiter | None, Query(description="Default: detected.")] = None,
    encoding: Annotated[Encoding | None, Query(description="Default: the contract's.")] = None,
    source: Annotated[
        str | None,
        Query(max_length=63, description="A source of the dataset; for administrators."),
    ] = None,
    whole: Annotated[
        bool, Query(description="Whether the body is the whole file, not its beginning.")
    ] = True,
    sample_id: Annotated[
        UUID | None, Query(description="Of a file uploaded by POST /samples, instead of a body.")
    ] = None,
) -> Response[Any]:
    """Preview a file or rows: 20 records before and after the rules of the dataset.

    Send `{"rows": […]}`, or a file, or its first 4 MiB with `whole=false`, with its media type; a
    larger file that is no text (422 `whole-file-needed`) is uploaded by `POST /samples`. With
    `source` its rules are applied too. Records are read, changed and checked as the loader does it,
    and rules, constraints, references and unique values are looked at as the merge does it, by the
    same SQL; nothing is written. Duplicates are looked for among the records that are shown, and a
    later record of the file may supersede one. Values that the caller may not read are `[masked]`;
    a rule that would tell them, or that the database is needed for when it cannot be reached, is in
    `not_shown`, and `warnings` say what was not checked.
    """
    # What reads files takes longer to import than a batch takes.
    from functions.api.batch.parse_sample import (  # noqa: PLC0415
        SampleOptions,
        parse_sample,
        uploaded_sample,
    )
    from functions.api.batch.preview_merge import contract_with, preview_merge  # noqa: PLC0415
    from functions.api.batch.preview_records import preview_records  # noqa: PLC0415

    contract = contract_with(deps(), name, source, api.principal)
    options = SampleOptions(delimiter, encoding, whole or sample_id is not None)
    if sample_id is None:
        contract, sample = parse_sample(api.current_event, contract, options)
    elif api.current_event.body:
        raise Rejected("invalid-request", "Send a body or a sample_id, not both.")
    else:
        sample = uploaded_sample(
            deps().s3, deps().settings.state_bucket, api.caller.subject, sample_id, options
        )
    shown = preview_records(contract, sample)._replace(source=source)
    shown = preview_merge(deps(), shown, api.principal, api.caller)
    return json_response(shown.response(masked=not may_read_personal(api.principal, name)))


def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle an API Gateway proxy event."""
    return api.resolve(event, context)
