"""GET /datasets: the datasets and the JSON Schema of their rows. Needs no database.

What reads files takes longer to import than the other requests take: it is imported by those that
send one.
"""

from typing import Annotated, Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.api.datasets.bodies import FILE
from functions.api.datasets.deps import deps
from functions.api.datasets.describe_dataset import describe_dataset
from functions.api.datasets.models import Dataset, DatasetList
from waybill.errors import Rejected
from waybill.http.app import create_api
from waybill.http.describe import describe_responses
from waybill.http.responses import json_response
from waybill.inference.model import Header, Inferred

api = create_api("datasets", {"/datasets/infer": FILE})


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
    "/datasets/infer",
    tags=["datasets"],
    responses=describe_responses({200: Inferred}, 400, 404, 413, 415, 422, 503),
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
    sample_id: Annotated[
        UUID | None, Query(description="Of a file uploaded by POST /samples, instead of a body.")
    ] = None,
) -> Response[Any]:
    """Propose a dataset for a file: a table, its key and its formats, each with the evidence.

    Send the file, or its first 4 MiB with `whole=false`; a larger file is uploaded by `POST
    /samples`, of which the first 16 MiB of text are read. The loader's readers and checks decide;
    where two readings are possible, neither is chosen and both are named. Nothing is written: the
    `sql` is a file for `sql/datasets/`.
    """
    from functions.api.datasets.infer_head import infer_head, infer_sample  # noqa: PLC0415

    if sample_id is not None:
        if api.current_event.body:
            raise Rejected("invalid-request", "Send a body or a sample_id, not both.")
        found = infer_sample(deps(), api.caller.subject, sample_id, name, header=header)
        return json_response(found)
    return json_response(infer_head(api.current_event, name, whole=whole, header=header))


def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle an API Gateway proxy event."""
    return api.resolve(event, context)
