"""Infers a dataset from a file, or the beginning of one, in the body of a request."""

from typing import Any

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

from waybill.http.bodies import JSON, BodySpec, body_bytes
from waybill.inference.file_sample import Bounds, FileSample
from waybill.inference.infer import infer_dataset
from waybill.inference.model import Header, Inferred

# What 4 MiB unpack to is read only so far.
_BOUNDS = Bounds(records=100_000, text_bytes=16 * 1024**2)
_TEXTS = ("text/csv", "application/x-ndjson")
_BINARY = (
    "application/vnd.apache.parquet",
    "application/vnd.apache.arrow.file",
    "application/vnd.apache.arrow.stream",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
)
_FILES = ("application/octet-stream", *_TEXTS, JSON, *_BINARY)


def _schemas() -> dict[str, Any]:
    """JSON Schema of the body by media type."""
    text = {"type": "string", "description": "A file, or the beginning of one."}
    whole = {"type": "string", "format": "binary", "description": "A whole file."}
    return {
        JSON: {"description": "A JSON file."},
        **dict.fromkeys(("application/octet-stream", *_TEXTS), text),
        **dict.fromkeys(_BINARY, whole),
    }


BODY = BodySpec(_FILES, 4 * 1024**2, " Send the beginning with whole=false.", _schemas)


def infer_head(
    event: APIGatewayProxyEvent, name: str, *, whole: bool, header: Header | None
) -> Inferred:
    """The proposal for the file in the body.

    Raises:
        BadRequest: `malformed-body`.
        Rejected: the file cannot be read with any contract.
    """
    sample = FileSample.of_bytes(body_bytes(event), whole=whole, bounds=_BOUNDS)
    return infer_dataset(sample, name, header=header)
