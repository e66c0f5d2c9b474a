"""The body of a request that sends a file."""

from typing import Any

from waybill.http.bodies import JSON, BodySpec

_MOST_BYTES = 4 * 1024**2
_TEXTS = ("application/octet-stream", "text/csv", "application/x-ndjson")
_BINARY = (
    "application/vnd.apache.parquet",
    "application/vnd.apache.arrow.file",
    "application/vnd.apache.arrow.stream",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
)


def _file_schemas() -> dict[str, Any]:
    """JSON Schema of a file by media type."""
    text = {"type": "string", "description": "A file, or the beginning of one."}
    whole = {"type": "string", "format": "binary", "description": "A whole file."}
    return {
        JSON: {"description": "A JSON file."},
        **dict.fromkeys(_TEXTS, text),
        **dict.fromkeys(_BINARY, whole),
    }


FILE = BodySpec(
    (*_TEXTS, JSON, *_BINARY),
    _MOST_BYTES,
    " Send the beginning of a text file with whole=false; upload others by POST /samples.",
    _file_schemas,
    required=False,
)
