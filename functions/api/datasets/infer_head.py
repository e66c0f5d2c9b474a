"""Infers a dataset from a file, or the beginning of one, in the body of a request."""

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

from waybill.http.bodies import body_bytes
from waybill.inference.file_sample import Bounds, FileSample
from waybill.inference.infer import infer_dataset
from waybill.inference.model import Header, Inferred

# What 4 MiB unpack to is read only so far.
_BOUNDS = Bounds(records=100_000, text_bytes=16 * 1024**2)


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
