"""GET /datasets: the datasets and the JSON Schema of their rows; previews. Needs no database.

What reads files takes longer to import than the other requests take: it is imported by those that
send one.
"""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.api.datasets.bodies import FILE, SAMPLE
from functions.api.datasets.deps import deps
from functions.api.datasets.describe_dataset import describe_dataset
from functions.api.datasets.models import Dataset, DatasetList, Preview
from waybill.http.access import may_read_personal
from waybill.http.app import create_api
from waybill.http.describe import describe_responses
from waybill.http.file_options import Delimiter, Encoding
from waybill.http.responses import json_response
from waybill.inference.model import Header, Inferred

api = create_api("datasets", {"/datasets/{name}/preview": SAMPLE, "/datasets/infer": FILE})


@api.get("/datasets", tags=["datasets"], responses=describe_responses({200: DatasetList}, 422, 503))
def get_datasets() -> Response[Any]:
    """List the datasets, by name."""
    contracts = deps().contracts
    visible = filter(api.principal.sees, contracts.names())
    items = [describe_dataset(contracts.get(name)) for name in visible]
    return json_response(DatasetList(items=items))


@api.get(
    "/datasets/<name>",
    tags=["datasets"],
    responses=describe_responses({200: Dataset}, 404, 422, 503),
)
def get_dataset(name: Annotated[str, Path()]) -> Response[Any]:
    """Get a dataset: its columns as JSON Schema, its key and its references."""
    return json_response(describe_dataset(deps().contracts.get(name)))


@api.post(
    "/datasets/<name>/preview",
    tags=["datasets"],
    responses=describe_responses({200: Preview}, 400, 404, 413, 415, 422, 503),
)
def post_preview(
    name: Annotated[str, Path()],
    *,
    delimiter: Annotated[Delimiter | None, Query(description="Default: detected.")] = None,
    encoding: Annotated[Encoding | None, Query(description="Default: the contract's.")] = None,
) -> Response[Any]:
    """Preview a file or rows: 20 records before and after the rules of the dataset.

    Send `{"rows": […]}`, or the beginning of a file (up to 4 MiB) with its media type. Records
    are read, changed and checked as the loader does it; nothing is written. Constraints of the
    table, references and keys are not checked. Personal values are `[masked]` for callers without
    the right to them.
    """
    from functions.api.datasets.parse_sample import (  # noqa: PLC0415
        SampleOptions,
        parse_sample,
    )
    from functions.api.datasets.preview_records import preview_records  # noqa: PLC0415

    options = SampleOptions(delimiter, encoding)
    contract, sample = parse_sample(api.current_event, deps().contracts.get(name), options)
    masked = not may_read_personal(api.principal, name)
    layout, drift, records = preview_records(contract, sample, masked=masked)
    return json_response(
        Preview(
            columns=list(layout.columns),
            records=records,
            not_shown=list(contract.transformation.in_merge),
            warnings=list(layout.warnings),
            drift=list(drift),
        )
    )


@api.post(
    "/datasets/infer",
    tags=["datasets"],
    responses=describe_responses({200: Inferred}, 400, 413, 415, 422),
)
def post_infer(
    name: Annotated[str, Query(min_length=1, max_length=200, description="Name of the file.")],
    *,
    whole: Annotated[
        bool, Query(description="Whether the body is the whole file, not its beginning.")
    ] = True,
    header: Annotated[
        Header | None, Query(description="Whether the first record has the names.")
    ] = None,
) -> Response[Any]:
    """Propose a dataset for a file: a table, its key and its formats, each with the evidence.

    Send the file, or its first 4 MiB with `whole=false`. The loader's readers and checks decide;
    where two readings are possible, neither is chosen and both are named. Nothing is written: the
    `sql` is a file for `sql/datasets/`.
    """
    from functions.api.datasets.infer_head import infer_head  # noqa: PLC0415

    return json_response(infer_head(api.current_event, name, whole=whole, header=header))


def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle an API Gateway proxy event."""
    return api.resolve(event, context)
