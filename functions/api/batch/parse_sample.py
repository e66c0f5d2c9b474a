"""Parse the request of a preview: rows as JSON, or the beginning of a file."""

from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

from functions.api.batch.preview_models import PreviewRows
from functions.api.batch.preview_records import Sample
from waybill.binary.bounded_source import BoundedSource
from waybill.binary.source import BytesSource
from waybill.contract.model import Contract
from waybill.errors import BadRequest
from waybill.exact_json import format_json
from waybill.http.bodies import JSON, body_bytes, media_type_of
from waybill.http.exact_json import read_exactly
from waybill.http.requests import validate_model
from waybill.state.samples import open_sample

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# S3 sends some 50 MiB a second, and a response is due within 29 s.
_MOST_BYTES = 256 * 1024**2


class SampleOptions(NamedTuple):
    """How a file is written; rows have neither."""

    delimiter: str | None
    encoding: str | None
    whole: bool = True


def parse_sample(
    event: APIGatewayProxyEvent, contract: Contract, options: SampleOptions
) -> tuple[Contract, Sample]:
    """The sample of the request, and the contract to read it with.

    Raises:
        BadRequest: `malformed-json` or `malformed-body`.
        Rejected: `invalid-request`.
    """
    if media_type_of(event) not in ("", JSON):
        return contract, Sample(BytesSource(body_bytes(event)), *options)
    try:
        body = read_exactly(body_bytes(event).decode())
    except UnicodeDecodeError:
        raise BadRequest("malformed-json", "The body is not UTF-8.") from None
    if not isinstance(body, dict):
        raise BadRequest("malformed-json", "The body is not a JSON object.")
    rows = validate_model(PreviewRows, body).rows
    lines = "".join(f"{format_json(row)}\n" for row in rows)
    # Rows are taken as a batch takes them, whatever the files of the dataset look like.
    as_rows = contract.model_copy(update={"file_format": "auto", "encoding": None})
    return as_rows, Sample(BytesSource(lines.encode(errors="backslashreplace")))


def uploaded_sample(
    s3: "S3Client", bucket: str, subject: str, sample_id: UUID, options: SampleOptions
) -> Sample:
    """A file that the caller has uploaded.

    Raises:
        NotFound: `unknown-sample`.
        Unavailable: `storage-unavailable`.
    """
    source = open_sample(s3, bucket, subject, sample_id)
    return Sample(BoundedSource(source, _MOST_BYTES), *options)
