"""Parse the request of a preview: rows as JSON, or the beginning of a file."""

from typing import NamedTuple

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

from functions.api.batch.preview_models import PreviewRows
from functions.api.batch.preview_records import Sample
from waybill.contract.model import Contract
from waybill.errors import BadRequest
from waybill.exact_json import format_json
from waybill.http.bodies import JSON, body_bytes, media_type_of
from waybill.http.exact_json import read_exactly
from waybill.http.requests import validate_model


class SampleOptions(NamedTuple):
    """How a file is written; rows have neither."""

    delimiter: str | None
    encoding: str | None


def parse_sample(
    event: APIGatewayProxyEvent, contract: Contract, options: SampleOptions
) -> tuple[Contract, Sample]:
    """The sample of the request, and the contract to read it with.

    Raises:
        BadRequest: `malformed-json` or `malformed-body`.
        Rejected: `invalid-request`.
    """
    if media_type_of(event) not in ("", JSON):
        return contract, Sample(body_bytes(event), *options)
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
    return as_rows, Sample(lines.encode(errors="backslashreplace"))
