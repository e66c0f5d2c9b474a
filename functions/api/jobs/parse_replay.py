"""Parse a replay request: JSON, or the CSV export of the rejects."""

import csv
import io
from collections.abc import Mapping, Sequence, Set
from typing import Any, NamedTuple
from uuid import UUID

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

from functions.api.jobs.models import MAX_REPLAY_ROWS, REJECT_ID, ReplayRequest
from waybill.contract.model import Contract
from waybill.errors import BadRequest, FieldError, Rejected
from waybill.exact_json import format_json
from waybill.http.bodies import JSON, body_bytes, media_type_of
from waybill.http.csv_text import unescape_formula
from waybill.http.exact_json import read_exactly
from waybill.http.requests import validate_model

# Columns of the CSV export that are not columns of the dataset.
_EXPORT_COLUMNS = frozenset((REJECT_ID, "_member", "_line", "_column", "_reason"))


class CorrectedReject(NamedTuple):
    """A reject, and its corrected columns; None is null."""

    reject_id: UUID
    fields: dict[str, str | None]
    is_csv: bool = False
    """Then an empty cell of a column that the reject lacks is ignored."""
    cells: Mapping[str, str] = {}
    """The columns as they are in the CSV."""


def parse_replay(event: APIGatewayProxyEvent, contract: Contract) -> list[CorrectedReject]:
    """The corrected rejects of the request, in order.

    Args:
        event: the request.
        contract: the dataset's contract.

    Raises:
        BadRequest: `malformed-json` or `malformed-body`.
        Rejected: `invalid-request`, with every invalid row and field.
    """
    is_csv = media_type_of(event) not in ("", JSON)
    rows: Sequence[Mapping[str, Any]]
    cells: Sequence[Mapping[str, str]]
    if is_csv:
        cells = _csv(event)
        rows = [{name: _value(cell, contract) for name, cell in row.items()} for row in cells]
    else:
        rows = validate_model(ReplayRequest, _json(event)).rows
        cells = [{}] * len(rows)
    columns = {column.name for column in contract.columns}
    errors = [error for n, row in enumerate(rows) for error in _row_errors(n, row, columns)]
    errors += _duplicates(rows)
    if errors:
        raise Rejected("invalid-request", f"The rows have {len(errors)} errors.", errors)
    return [
        CorrectedReject(
            UUID(row[REJECT_ID]),
            {name: _text(value) for name, value in row.items() if name not in _EXPORT_COLUMNS},
            is_csv,
            written,
        )
        for row, written in zip(rows, cells, strict=True)
    ]


def replay_schemas() -> dict[str, Any]:
    """JSON Schema of the body by media type."""
    return {JSON: ReplayRequest.model_json_schema(), "text/csv": {"type": "string"}}


def _json(event: APIGatewayProxyEvent) -> Mapping[str, Any]:
    try:
        body = read_exactly(body_bytes(event).decode())
    except UnicodeDecodeError:
        raise BadRequest("malformed-json", "The body is not UTF-8.") from None
    if not isinstance(body, dict):
        raise BadRequest("malformed-json", "The body is not a JSON object.")
    return body


def _csv(event: APIGatewayProxyEvent) -> list[dict[str, str]]:
    try:
        text = body_bytes(event).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadRequest("malformed-body", "The CSV is not UTF-8.") from None
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise BadRequest("malformed-body", f"The CSV cannot be parsed: {error}.") from None
    header, *records = lines or [[]]
    records = [record for record in records if record]
    for number, record in enumerate(records, 1):
        if len(record) != len(header):
            detail = f"Record {number} has {len(record)} fields, the header {len(header)}."
            raise BadRequest("malformed-body", detail)
    if not 1 <= len(records) <= MAX_REPLAY_ROWS or len(set(header)) < len(header):
        detail = f"The CSV needs a header without duplicates and 1 to {MAX_REPLAY_ROWS} records."
        raise BadRequest("malformed-body", detail)
    return [
        {name: unescape_formula(cell) for name, cell in zip(header, record, strict=True)}
        for record in records
    ]


def _value(cell: str, contract: Contract) -> str | None:
    """A cell with the rules of an unquoted field, since spreadsheets choose their own quoting."""
    text = cell.strip(" \t") if contract.trim else cell
    # The export writes null as an empty cell.
    return None if text in ("", *contract.null_words) else text


def _row_errors(number: int, row: Mapping[str, Any], columns: Set[str]) -> list[FieldError]:
    errors = []
    if not _is_uuid(row.get(REJECT_ID)):
        message = f"{REJECT_ID} must be the id of a reject."
        errors.append(_error(number, REJECT_ID, "no-reject-id", message))
    for name, value in row.items():
        if name not in _EXPORT_COLUMNS and name not in columns:
            errors.append(_error(number, name, "unknown-field", "There is no such column."))
        elif isinstance(value, str) and "\0" in value:
            message = "It contains a NUL character, which PostgreSQL cannot store."
            errors.append(_error(number, name, "nul-byte", message))
    return errors


def _duplicates(rows: Sequence[Mapping[str, Any]]) -> list[FieldError]:
    seen: set[str] = set()
    errors = []
    for number, row in enumerate(rows):
        reject_id = str(row.get(REJECT_ID)).lower()
        if reject_id in seen:
            message = "The reject is repeated."
            errors.append(_error(number, REJECT_ID, "duplicate-reject", message))
        seen.add(reject_id)
    return errors


def _error(number: int, column: str, code: str, message: str) -> FieldError:
    return FieldError(pointer=f"/rows/{number}/{column}", code=code, message=message)


def _is_uuid(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(UUID(value))
    except ValueError:
        return False


def _text(value: object) -> str | None:
    """A JSON value as the field of a file."""
    if value is None or isinstance(value, str):
        # A number keeps the text it was sent as.
        return value if value is None else str(value)
    return format_json(value)
