"""The codes under which a record is refused: of its columns, and of the record as such."""

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
INVALID_UUID = "invalid_uuid"
TOO_LONG = "too_long"
REQUIRED = "required"
UNKNOWN_FIELD = "unknown_field"
WRONG_TYPE = "wrong_type"
INVALID_JSON = "invalid_json"
NOT_AN_OBJECT = "not_an_object"
DUPLICATE_FIELD = "duplicate_field"
LATE_FIELD = "late_field"
NONEXISTENT_TIME = "nonexistent_time"
AMBIGUOUS_TIME = "ambiguous_time"

MEANINGS = {
    INVALID_INTEGER: "not a whole number of ASCII digits, with a `-` before a negative one",
    INVALID_NUMBER: "not a decimal number; an exponent only where the column is a float",
    OUT_OF_RANGE: "a number or a time that the column's type cannot hold",
    TOO_MANY_DECIMALS: "more digits after the point than the column keeps; nothing is rounded",
    INVALID_BOOLEAN: "not true, false, t, f, 1 or 0 in any case",
    INVALID_DATE: "not a real date written YYYY-MM-DD",
    INVALID_TIMESTAMP: "not a real YYYY-MM-DDTHH:MM:SS with at most six decimals (a blank for T)",
    TIMESTAMP_WITHOUT_ZONE: "a time without Z or an offset, for a column that is an instant",
    TIMESTAMP_WITH_ZONE: "a time with Z or an offset, for a column that has no zone",
    INVALID_UUID: "not 8-4-4-4-12 hexadecimal digits",
    TOO_LONG: "more characters than the column takes",
    REQUIRED: "empty, or a null word, where the column must be filled",
    UNKNOWN_FIELD: "a field of a JSON record that is no column",
    WRONG_TYPE: "a number, a boolean, a list or an object where JSON has to say a text",
    INVALID_JSON: "a line of a JSON file, or an element of its array, that is not JSON",
    NOT_AN_OBJECT: "JSON, but not an object with the record's fields",
    DUPLICATE_FIELD: "a record that names a field twice, or a column by two names",
    LATE_FIELD: "a column with a default that none of the first records of the file named",
    NONEXISTENT_TIME: "a local time that the clocks of the column's zone skipped",
    AMBIGUOUS_TIME: "a local time that the clocks of the column's zone showed twice",
    "quote_in_field": "a quote in the middle of a field, or text after a closing quote",
    "unclosed_quote": "a quoted field goes on below this line and is not closed as it should be",
    "record_too_long": "longer than 16 MiB; only the beginning is kept",
    "nul_byte": "holds a NUL byte, which no text in PostgreSQL can",
    "invalid_utf8": "holds bytes that are not UTF-8",
    "invalid_encoding": "holds bytes that are no text in the encoding of the file",
    "field_count": "not as many fields as the file has columns",
}
"""What each code says of a value or a record."""


def code_of(fault: Fault) -> str:
    """The code of a fault of the record as such."""
    return fault.name.lower()
