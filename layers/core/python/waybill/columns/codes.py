"""Error codes of rejected records."""

from waybill.records.grammar import Fault

INVALID_INTEGER = "invalid_integer"
INVALID_NUMBER = "invalid_number"
OUT_OF_RANGE = "out_of_range"
TOO_MANY_DECIMALS = "too_many_decimals"
INVALID_BOOLEAN = "invalid_boolean"
INVALID_DATE = "invalid_date"
INVALID_TIMESTAMP = "invalid_timestamp"
TIMESTAMP_WITHOUT_ZONE = "timestamp_without_zone"
TIMESTAMP_WITH_ZONE = "timestamp_with_zone"
INVALID_TIME = "invalid_time"
INVALID_INTERVAL = "invalid_interval"
INVALID_UUID = "invalid_uuid"
TOO_LONG = "too_long"
REQUIRED = "required"
UNKNOWN_FIELD = "unknown_field"
WRONG_TYPE = "wrong_type"
INVALID_JSON = "invalid_json"
NOT_AN_OBJECT = "not_an_object"
DUPLICATE_FIELD = "duplicate_field"
NESTED_TOO_DEEPLY = "nested_too_deeply"
TOO_MANY_VALUES = "too_many_values"
DOCUMENT_TOO_LARGE = "document_too_large"
NONEXISTENT_TIME = "nonexistent_time"
AMBIGUOUS_TIME = "ambiguous_time"

MEANINGS = {
    INVALID_INTEGER: "not a whole number of ASCII digits, with `-` in front if negative",
    INVALID_NUMBER: "not a decimal number, with or without exponent",
    OUT_OF_RANGE: "a number or time outside the range of the column's type",
    TOO_MANY_DECIMALS: "more decimals than the column stores; nothing is rounded",
    INVALID_BOOLEAN: "not true, false, t, f, 1 or 0 in any case",
    INVALID_DATE: "not an existing date written as YYYY-MM-DD",
    INVALID_TIMESTAMP: "not an existing YYYY-MM-DDTHH:MM:SS (or a blank for T), up to six decimals",
    TIMESTAMP_WITHOUT_ZONE: "a time without Z or an offset in a `timestamptz` column",
    TIMESTAMP_WITH_ZONE: "a time with Z or an offset in a `timestamp` column",
    INVALID_TIME: "not a time of day, with an offset in a `timetz` column",
    INVALID_INTERVAL: "a number without a unit in an `interval` column",
    INVALID_UUID: "not 8-4-4-4-12 hexadecimal digits",
    TOO_LONG: "more characters than the column allows",
    REQUIRED: "empty or a null word in a column that requires a value",
    UNKNOWN_FIELD: "a field of a JSON record that is not a column",
    WRONG_TYPE: "a JSON value of a type that the column does not accept",
    INVALID_JSON: "a line of a JSON file, or an element of its array, that is not JSON",
    NOT_AN_OBJECT: "a JSON value that is not an object",
    DUPLICATE_FIELD: "a field that occurs twice, or a column under two names",
    NESTED_TOO_DEEPLY: "JSON with more than 100 levels of objects and arrays",
    TOO_MANY_VALUES: "a JSON record of more than 200,000 values",
    DOCUMENT_TOO_LARGE: "a document of more than 1 MiB",
    NONEXISTENT_TIME: "a local time skipped by a clock change in the column's zone",
    AMBIGUOUS_TIME: "a local time that occurs twice because of a clock change in the column's zone",
    "quote_in_field": "a quote inside an unquoted field, or text after a closing quote; a"
    ' quote in a quoted field is written twice ("") or after the escape of the contract',
    "unclosed_quote": "a quoted field that starts on this line is never properly closed",
    "record_too_long": "longer than 16 MiB; only the beginning is kept",
    "nul_byte": "contains a NUL byte, which PostgreSQL text cannot hold",
    "invalid_utf8": "contains bytes or escapes that are not valid UTF-8",
    "invalid_encoding": "contains bytes that are invalid in the file's encoding",
    "repeated_header": "every field is a column name: a repeated header",
    "formula_without_value": "a formula whose value the workbook does not have: open and save it",
    "field_count": "the number of fields differs from the number of columns in the file",
}
"""What each code means."""


def fault_code(fault: Fault) -> str:
    """The code of a record-level fault."""
    return fault.name.lower()
