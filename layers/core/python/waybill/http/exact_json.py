"""Request bodies as JSON whose numbers keep every digit."""

from typing import Any

from waybill.errors import BadRequest, Rejected
from waybill.exact_json import MAX_DEPTH, JsonError, parse_json

# A row is nested in the body's object and its list of rows.
_BODY_DEPTH = MAX_DEPTH + 2


def read_exactly(text: str) -> Any:  # noqa: ANN401 - any JSON
    """Parse a request body; numbers become `waybill.exact_json.Number`.

    Raises:
        BadRequest: `malformed-json`: not JSON, a field twice, a character that cannot be stored.
        Rejected: `invalid-request`: nested too deeply.
    """
    try:
        return parse_json(text, _BODY_DEPTH)
    except JsonError as error:
        detail = f"The body is invalid: {error.message}."
        if error.code == "nested_too_deeply":
            raise Rejected("invalid-request", detail) from None
        raise BadRequest("malformed-json", detail) from None
