"""Corrected rejects as they are sent back: JSON, or the CSV that the rejects came as."""

import csv
import io
from collections.abc import Mapping, Sequence, Set
from typing import Annotated, Any, NamedTuple
from uuid import UUID

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent
from pydantic import BaseModel, ConfigDict, Field

from waybill.contract.model import Contract
from waybill.errors import BadRequest, FieldError, Rejected
from waybill.exact_json import format_json
from waybill.http.bodies import JSON, body_bytes, media_type_of
from waybill.http.csv_text import unguarded
from waybill.http.exact_json import read_exactly
from waybill.http.requests import checked

ID = "_reject_id"
SHOWN = frozenset((ID, "_line", "_column", "_reason"))
"""The export's own columns; all but the id are for people."""
MOST_ROWS = 10_000


class ReplayRequest(BaseModel):
    """Corrected rejects; a column that is left out keeps the value of the reject."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"rows": [{ID: "the id", "column": "corrected"}]}]},
    )

    rows: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=MOST_ROWS)]


class Corrected(NamedTuple):
    """One reject, and the columns that are given for it; None is null."""

    reject_id: UUID
    fields: dict[str, str | None]


def read_replay(event: APIGatewayProxyEvent, contract: Contract) -> list[Corrected]:
    """The corrected rejects in the request's body, in its order.

    Args:
        event: the request.
        contract: the dataset's, whose columns the fields are.

    Raises:
        BadRequest: `malformed-json` or `malformed-body`.
        Rejected: `invalid-request`, naming rows and fields that are wrong.
    """
    if media_type_of(event) in ("", JSON):
        rows = checked(ReplayRequest, _json(event)).rows
    else:
        rows = _csv(event, contract)
    columns = {column.name for column in contract.columns}
    field_errors = [flaw for place, row in enumerate(rows) for flaw in _flaws(place, row, columns)]
    field_errors += _twice(rows)
    if field_errors:
        raise Rejected(
            "invalid-request", f"{len(field_errors)} things are wrong with the rows.", field_errors
        )
    return [
        Corrected(UUID(row[ID]), {n: _text(v) for n, v in row.items() if n not in SHOWN})
        for row in rows
    ]


def replay_schemas() -> dict[str, Any]:
    """JSON Schema of a replay by its media type."""
    return {JSON: ReplayRequest.model_json_schema(), "text/csv": {"type": "string"}}


def _json(event: APIGatewayProxyEvent) -> Mapping[str, Any]:
    try:
        found = read_exactly(body_bytes(event).decode())
    except UnicodeDecodeError:
        raise BadRequest("malformed-json", "The body is not UTF-8.") from None
    if not isinstance(found, dict):
        raise BadRequest("malformed-json", "The body is no JSON object.")
    return found


def _csv(event: APIGatewayProxyEvent, contract: Contract) -> list[dict[str, Any]]:
    try:
        text = body_bytes(event).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadRequest("malformed-body", "The CSV is not UTF-8.") from None
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise BadRequest("malformed-body", f"The CSV cannot be read: {error}.") from None
    header, *records = lines or [[]]
    records = [record for record in records if record]
    for place, record in enumerate(records):
        if len(record) != len(header):
            detail = f"Record {place + 1} has {len(record)} fields, the header {len(header)}."
            raise BadRequest("malformed-body", detail)
    if not 1 <= len(records) <= MOST_ROWS or len(set(header)) < len(header):
        detail = f"The CSV has a header of different names and 1 to {MOST_ROWS} records."
        raise BadRequest("malformed-body", detail)
    return [
        {name: _cell(cell, contract) for name, cell in zip(header, record, strict=True)}
        for record in records
    ]


def _cell(cell: str, contract: Contract) -> str | None:
    """What a person typed, read as in a file: a spreadsheet quotes as it likes."""
    text = unguarded(cell)
    text = text.strip(" \t") if contract.trim else text
    # An empty cell is also what the export writes for null.
    return None if text in ("", *contract.null_words) else text


def _flaws(place: int, row: Mapping[str, Any], columns: Set[str]) -> list[FieldError]:
    field_errors = []
    if not _is_id(row.get(ID)):
        message = f"{ID} is to be the id of a reject."
        field_errors.append(
            FieldError(pointer=f"/rows/{place}/{ID}", code="no-reject-id", message=message)
        )
    for name, value in row.items():
        pointer = f"/rows/{place}/{name}"
        if name not in SHOWN and name not in columns:
            message = "There is no such column."
            field_errors.append(FieldError(pointer=pointer, code="unknown-field", message=message))
        elif isinstance(value, str) and "\0" in value:
            message = "It holds a NUL, which no text in PostgreSQL can."
            field_errors.append(FieldError(pointer=pointer, code="nul-byte", message=message))
    return field_errors


def _twice(rows: Sequence[Mapping[str, Any]]) -> list[FieldError]:
    seen: set[str] = set()
    field_errors = []
    for place, row in enumerate(rows):
        given = str(row.get(ID)).lower()
        if given in seen:
            message = "The reject is there twice."
            pointer = f"/rows/{place}/{ID}"
            field_errors.append(
                FieldError(pointer=pointer, code="duplicate-reject", message=message)
            )
        seen.add(given)
    return field_errors


def _is_id(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(UUID(value))
    except ValueError:
        return False


def _text(value: object) -> str | None:
    """A JSON value as the field of a file."""
    if value is None or isinstance(value, str):
        # A number is the text that it came as.
        return value if value is None else str(value)
    return format_json(value)
