"""GET /datasets: the datasets and the JSON Schema of their rows. Needs no database."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.api.datasets.deps import deps
from functions.api.datasets.describe_dataset import describe_dataset
from functions.api.datasets.models import Dataset, DatasetList
from waybill.http.app import create_api
from waybill.http.describe import describe_responses
from waybill.http.responses import json_response

api = create_api("datasets")


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


def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle an API Gateway proxy event."""
    return api.resolve(event, context)
