"""The catalogue of problems (RFC 9457): every code that a door or a job can show.

The documentation is made from it, and a test holds it against the code base.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, SerializeAsAny

from waybill.errors import FieldError, WaybillError

# A reserved name: the address identifies a kind of problem and is nobody's site.
ADDRESS = "https://waybill.example/problems/"
MEDIA_TYPE = "application/problem+json"


class Kind(NamedTuple):
    """A kind of problem: a short title, and what it means for the one who meets it."""

    title: str
    meaning: str


REQUESTS = {
    "bad-cursor": Kind("Bad cursor", "The cursor was not given out by this list; start without."),
    "body-too-large": Kind("Body too large", "This door takes smaller bodies; upload a file."),
    "gateway-timeout": Kind("Gateway timeout", "No answer came in time; try again."),
    "internal-error": Kind("Internal error", "A fault of ours; name the request_id when asking."),
    "invalid-request": Kind(
        "Invalid request", "Fields are missing, unknown or have no valid value."
    ),
    "malformed-body": Kind("Malformed body", "The body is not what its media type says."),
    "malformed-json": Kind("Malformed JSON", "The body is not JSON."),
    "method-not-allowed": Kind("Method not allowed", "The path exists with other methods (Allow)."),
    "too-many-requests": Kind("Too many requests", "Wait for as long as Retry-After says."),
    "unknown-path": Kind("Unknown path", "Nothing is served under this path."),
    "unsupported-media": Kind("Unsupported media type", "The detail says what is read here."),
}
UPLOADS = {
    "file-too-large": Kind("File too large", "S3 holds objects of up to 5 TiB."),
    "not-multipart": Kind("Not a multipart upload", "Only a multipart upload is completed."),
    "parts-refused": Kind("Parts refused", "A part is missing, too small or has another ETag."),
    "size-mismatch": Kind("Size mismatch", "The parts do not add up to the announced size."),
    "upload-gone": Kind("Upload gone", "The upload was aborted or has expired; ask for a new one."),
}
JOBS = {
    "batch-refused": Kind("Batch refused", "Rows are wrong; the errors say which and why."),
    "gave-up": Kind(
        "Given up", "It was tried for a day and did not get further; its runs say why."
    ),
    "job-ended": Kind("Job ended", "The job has ended; it can no longer be cancelled."),
    "job-waiting": Kind("Job waiting", "An earlier file has to be loaded first; it comes back."),
    "key-in-flight": Kind("Key in flight", "A batch with this Idempotency-Key is being written."),
    "key-reused": Kind("Key reused", "This Idempotency-Key came with another body before."),
    "not-replayable": Kind("Not replayable", "These are not rejects that remain of a loaded job."),
    "run-abandoned": Kind("Run abandoned", "The attempt was killed, or ran out of its time."),
    "too-many-rejects": Kind("Too many rejects", "Ask for them in pages, with limit and cursor."),
    "unknown-dataset": Kind("Unknown dataset", "There is no dataset of this name."),
    "unknown-job": Kind("Unknown job", "There is no job with this id."),
}
SERVICES = {
    "bus-unavailable": Kind("Event bus unavailable", "EventBridge cannot be reached; try again."),
    "database-busy": Kind("Database busy", "A lock is taken; try again."),
    "database-error": Kind("Database error", "An unforeseen fault of the database; try again."),
    "database-unavailable": Kind("Database unavailable", "It is waking up or away; try again."),
    "not-fresh-yet": Kind("Not fresh yet", "The figures do not include the job yet; try again."),
    "queue-unavailable": Kind("Queue unavailable", "SQS cannot be reached; try again."),
    "secrets-unavailable": Kind("Secrets unavailable", "A password cannot be read; try again."),
    "storage-error": Kind("Storage error", "An unforeseen fault of S3; try again."),
    "storage-stalled": Kind("Storage stalled", "S3 stopped in the middle of an object; try again."),
    "storage-unavailable": Kind("Storage unavailable", "S3 cannot be reached; try again."),
}
FILES = {
    "chunks-not-tiling": Kind(
        "Chunks do not cover the object", "Nothing was loaded; upload the file again."
    ),
    "too-many-rejects-in-file": Kind(
        "Too many rejects in the file", "More than the contract bears with; nothing was loaded."
    ),
    "bad-delimiter": Kind("Bad delimiter", "The announced delimiter is not one that is read."),
    "bad-encoding": Kind("Bad encoding", "The announced encoding is not one that is read."),
    "broken-json": Kind("Broken JSON", "The array of records cannot be read to its end."),
    "checksum-mismatch": Kind("Checksum mismatch", "What came is not what was announced."),
    "contract-broken": Kind("Contract broken", "The dataset's table and its contract disagree."),
    "corrupt-file": Kind("Corrupt file", "The compressed file is truncated or damaged."),
    "data-refused": Kind("Data refused", "The database refused the data as a whole."),
    "decompression-limit": Kind(
        "Decompression limit", "More comes out of the compressed file than is let through."
    ),
    "duplicate-columns": Kind("Duplicate columns", "The header names a column twice."),
    "empty-file": Kind("Empty file", "The file holds no record."),
    "misplaced-object": Kind("Misplaced object", "The key is not below landing/{dataset}/."),
    "missing-columns": Kind("Missing columns", "The header lacks columns that are required."),
    "missing-header": Kind("Missing header", "Records of this dataset need the names of a header."),
    "object-changed": Kind("Object changed", "The object was overwritten while it was loaded."),
    "object-gone": Kind("Object gone", "The object was deleted before it was loaded."),
    "unknown-columns": Kind("Unknown columns", "The header has names that are no columns."),
}
PROBLEM_TYPES: dict[str, Kind] = {**REQUESTS, **UPLOADS, **JOBS, **SERVICES, **FILES}


class Problem(BaseModel):
    """What went wrong, as RFC 9457 has it (`application/problem+json`)."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=[f"{ADDRESS}unknown-dataset"], description="The kind of problem.")
    title: str = Field(examples=["Unknown dataset"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["There is no dataset 'nowhere'."])
    instance: str = Field(examples=["/v1/datasets/nowhere"], description="The path of the request.")
    request_id: str
    errors: list[SerializeAsAny[FieldError]] | None = Field(
        default=None,
        description="`pointer` is a JSON pointer into the body, `?name` a query parameter;"
        " of a batch, `row` and `column` say the same.",
    )
    errors_total: int | None = Field(default=None, description="How many there are in all.")


def title_of(error: WaybillError) -> str:
    """The title of the problem that the error stands for."""
    kind = PROBLEM_TYPES.get(error.code)
    return kind.title if kind else error.title


def stored_problem(stored: Mapping[str, Any]) -> dict[str, Any]:
    """The problem that a job's row keeps (see `WaybillError.problem`), as a problem of the API."""
    code = str(stored.get("type", "internal-error"))
    kind = PROBLEM_TYPES.get(code)
    title = kind.title if kind else stored.get("title")
    return {**stored, "type": f"{ADDRESS}{code}", "title": title}
