"""Request bodies as JSON whose numbers keep every digit."""

from typing import Any

from waybill.errors import BadRequest, Rejected
from waybill.exact_json import MAX_DEPTH, NESTED_TOO_DEEPLY, JsonError, check_depth, parse_json

# A row is nested in the body's object and its list of rows.
_BODY_DEPTH = MAX_DEPTH + 2


def check_body_depth(text: str) -> None:
    """Check how deeply a request body is nested, before a parser sees it.

    Raises:
        Rejected: `invalid-request`.
    """
    try:
        check_depth(text, _BODY_DEPTH)
    except JsonError as error:
        raise _too_deep(error) from None


def read_exactly(text: str) -> Any:  # noqa: ANN401 - any JSON
    """Parse a request body; numbers become `waybill.exact_json.Number`.

    Raises:
        BadRequest: `malformed-json`: not JSON, a field twice, a character that cannot be stored.
        Rejected: `invalid-request`: nested too deeply.
    """
    try:
        return parse_json(text, _BODY_DEPTH)
    except JsonError as error:
        if error.code == NESTED_TOO_DEEPLY:
            raise _too_deep(error) from None
        raise BadRequest("malformed-json", f"The body is invalid: {error.message}.") from None


def _too_deep(error: JsonError) -> Rejected:
    return Rejected("invalid-request", f"The body is invalid: {error.message}.")
