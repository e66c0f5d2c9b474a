"""The bodies of the requests: rows, or the beginning of a file."""

from typing import Any

from functions.api.batch.preview_models import PreviewRows
from waybill.http.bodies import JSON, BodySpec

_SAMPLES = ("text/csv", "application/x-ndjson", "application/octet-stream")


def _sample_schemas() -> dict[str, Any]:
    """JSON Schema of the body of a preview by media type."""
    text = {"type": "string", "description": "The beginning of a file."}
    return {JSON: PreviewRows.model_json_schema(), **dict.fromkeys(_SAMPLES, text)}


# Lambda's request limit is 6 MB.
ROWS = BodySpec(limit_bytes=5 * 1024**2, hint=" Upload a larger file: POST /uploads/{dataset}.")
SAMPLE = BodySpec(
    (JSON, *_SAMPLES),
    4 * 1024**2,
    " Send fewer rows, or the beginning of a text file; upload others by POST /samples.",
    _sample_schemas,
    required=False,
)
