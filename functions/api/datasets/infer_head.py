"""Infers a dataset from a file, or the beginning of one: in the body of a request, or uploaded."""

from uuid import UUID

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

from functions.api.datasets.deps import Deps
from waybill.binary.bounded_source import BoundedSource
from waybill.http.bodies import body_bytes
from waybill.inference.file_sample import Bounds, FileSample
from waybill.inference.infer import infer_dataset
from waybill.inference.model import Header, Inferred
from waybill.state.samples import open_sample

# What 4 MiB unpack to is read only so far.
_BOUNDS = Bounds(records=100_000, text_bytes=16 * 1024**2)
# S3 sends some 50 MiB a second, and a response is due within 29 s.
_MOST_BYTES = 256 * 1024**2


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


def infer_sample(
    deps: Deps, subject: str, sample_id: UUID, name: str, *, header: Header | None
) -> Inferred:
    """The proposal for a file that the caller has uploaded, from its first records.

    Raises:
        NotFound: `unknown-sample`.
        Rejected: the file cannot be read with any contract, or too much of it would have to be.
        Unavailable: `storage-unavailable`.
    """
    source = open_sample(deps.s3, deps.state_bucket, subject, sample_id)
    bounded = BoundedSource(source, _MOST_BYTES)
    sample = FileSample(bounded.pieces, whole=True, bounds=_BOUNDS, source=bounded)
    return infer_dataset(sample, name, header=header)
