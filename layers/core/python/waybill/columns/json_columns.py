"""The check of json and jsonb columns."""

import numpy as np

from waybill.columns import codes
from waybill.columns.check_result import (
    Array,
    CheckResult,
    Mask,
    Violation,
    null_where,
)
from waybill.contract.model import Column
from waybill.exact_json import (
    MAX_DEPTH,
    MAX_DOCUMENT_BYTES,
    MAX_NUMBER_DIGITS,
    MAX_VALUES,
    JsonError,
    check_characters,
    check_numbers,
    parse_json,
)
from waybill.narrow_json import narrow_json

_LARGE_BYTES = 1024 * 1024
_EXPECTED = {
    codes.DOCUMENT_TOO_LARGE: f"expected numbers of at most {MAX_DOCUMENT_BYTES} digits in all",
    codes.INVALID_JSON: "expected JSON",
    codes.DUPLICATE_FIELD: "expected JSON with every field once per object",
    codes.NESTED_TOO_DEEPLY: f"expected JSON of at most {MAX_DEPTH} levels",
    codes.TOO_MANY_VALUES: f"expected JSON of at most {MAX_VALUES} values",
    codes.OUT_OF_RANGE: "expected numbers within the range of a double and of at most "
    f"{MAX_NUMBER_DIGITS} digits",
    "invalid_utf8": "expected JSON without lone surrogates",
    "nul_byte": "expected JSON without NUL characters",
}


def json_values(strings: Array, _column: Column) -> CheckResult:
    """JSON within the limits of `waybill.exact_json`; staged as text and cast by the database."""
    rows: dict[str, Mask] = {}
    invalid = np.zeros(len(strings), bool)
    for row, scalar in enumerate(strings):
        code = _error_code(scalar.as_buffer().to_pybytes()) if scalar.is_valid else None
        if code is not None:
            rows.setdefault(code, np.zeros(len(strings), bool))[row] = True
            invalid[row] = True
    found = tuple(Violation(code, _EXPECTED[code], mask) for code, mask in rows.items())
    return CheckResult(null_where(invalid, strings), found)


def _error_code(raw: bytes) -> str | None:
    try:
        text = narrow_json(raw) if len(raw) > _LARGE_BYTES else raw.decode()
        value = parse_json(text)
        check_numbers(text, value)
        if "\\u" in text:
            check_characters(value)
    except JsonError as error:
        return error.code
    return None
