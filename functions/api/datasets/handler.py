"""GET /datasets: what can be loaded, and what a row must look like. No database."""

from functools import cache
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.api.datasets.describe_dataset import Dataset, DatasetList, describe_dataset
from functions.api.datasets.settings import DatasetsSettings
from waybill.clients import s3_client
from waybill.http.app import create_api
from waybill.http.describe import answers
from waybill.http.responses import json_answer
from waybill.state.bucket import StateBucket
from waybill.state.contracts import PublishedContracts

api = create_api("datasets")


@cache
def contracts() -> PublishedContracts:
    """The published contracts, kept for the life of the process."""
    settings = DatasetsSettings.from_environment()
    return StateBucket(s3_client(), settings.state_bucket).contracts


@api.get("/datasets", tags=["datasets"], responses=answers({200: DatasetList}, 422, 503))
def get_datasets() -> Response[Any]:
    """List the datasets, by name."""
    items = [describe_dataset(contract) for contract in contracts().all()]
    return json_answer(DatasetList(items=items))


@api.get("/datasets/<name>", tags=["datasets"], responses=answers({200: Dataset}, 404, 422, 503))
def get_dataset(name: Annotated[str, Path()]) -> Response[Any]:
    """Read a dataset: its columns as JSON Schema, its key, its references."""
    return json_answer(describe_dataset(contracts().get(name)))


def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer an API Gateway proxy event."""
    return api.resolve(event, context)
