"""Every problem type (RFC 9457) that the API or a job can report.

The API documentation is generated from it; a test checks that the code uses no other type.
"""

from waybill.http.file_problem_types import FILES
from waybill.http.problem_type import ProblemType

REQUESTS = {
    "bad-cursor": ProblemType(
        "Bad cursor", "The cursor is not one of this list; start without a cursor."
    ),
    "body-too-large": ProblemType(
        "Body too large", "The body exceeds the endpoint's limit; upload a file instead."
    ),
    "forbidden": ProblemType(
        "Forbidden", "The token is valid, but its role or its datasets do not allow the request."
    ),
    "gateway-timeout": ProblemType("Gateway timeout", "The request timed out; try again."),
    "internal-error": ProblemType(
        "Internal error", "Internal error. Quote the request_id when you report it."
    ),
    "invalid-request": ProblemType("Invalid request", "Fields are missing, unknown or invalid."),
    "malformed-body": ProblemType("Malformed body", "The body does not match its media type."),
    "malformed-json": ProblemType("Malformed JSON", "The body is not valid JSON."),
    "method-not-allowed": ProblemType(
        "Method not allowed", "The path does not support this method; see the Allow header."
    ),
    "not-acceptable": ProblemType(
        "Not acceptable", "The Accept header names no media type of the response; see the detail."
    ),
    "not-representable": ProblemType(
        "Not representable", "A value has no place in the format; choose CSV or JSON Lines."
    ),
    "overloaded": ProblemType("Overloaded", "Too many requests are in progress; try again."),
    "response-too-large": ProblemType(
        "Response too large", "The rows do not fit into a response; lower the limit, or export."
    ),
    "too-many-requests": ProblemType("Too many requests", "Retry after the time in Retry-After."),
    "unauthorized": ProblemType(
        "Unauthorized", "The token is missing, invalid or expired; see WWW-Authenticate."
    ),
    "unknown-path": ProblemType("Unknown path", "The path does not exist."),
    "unsupported-media": ProblemType(
        "Unsupported media type", "The endpoint does not accept this media type; see the detail."
    ),
}
UPLOADS = {
    "file-too-large": ProblemType("File too large", "The file exceeds the upload limit."),
    "not-multipart": ProblemType(
        "Not a multipart upload", "Only a multipart upload can be completed."
    ),
    "parts-refused": ProblemType(
        "Parts refused", "A part is missing, too small or has a different ETag."
    ),
    "size-mismatch": ProblemType(
        "Size mismatch", "The total size of the parts is not the size of the upload request."
    ),
    "upload-gone": ProblemType(
        "Upload gone", "The upload was aborted or has expired; start a new one."
    ),
}
JOBS = {
    "batch-refused": ProblemType("Batch refused", "Rows are invalid; see errors."),
    "killed-repeatedly": ProblemType(
        "Killed repeatedly", "The attempts ran out of memory or time; nothing was loaded."
    ),
    "gave-up": ProblemType(
        "Gave up", "The job made no progress for a day; see its runs for the reason."
    ),
    "job-ended": ProblemType("Job ended", "The job has ended and can no longer be cancelled."),
    "job-waiting": ProblemType(
        "Job waiting", "The job waits for an earlier file and continues by itself."
    ),
    "key-in-flight": ProblemType(
        "Key in flight", "A batch with this Idempotency-Key is still being written."
    ),
    "key-reused": ProblemType(
        "Key reused", "This Idempotency-Key was used with a different request."
    ),
    "not-replayable": ProblemType(
        "Not replayable", "The ids are not remaining rejects of a loaded job."
    ),
    "not-revertible": ProblemType(
        "Not revertible", "The load cannot be taken back; errors names what touched its rows since."
    ),
    "run-abandoned": ProblemType("Run abandoned", "The attempt was killed or timed out."),
    "invalid-source": ProblemType(
        "Invalid source", "The connection does not fit the kind of the source; see errors."
    ),
    "source-invalid": ProblemType(
        "Source invalid", "A file of sql/sources/ is not valid; the detail names it."
    ),
    "receiver-invalid": ProblemType(
        "Receiver invalid", "A file of sql/receivers/ is not valid; the detail names it."
    ),
    "receiver-missing": ProblemType(
        "Receiver missing", "A dataset or source notifies a receiver that no file declares."
    ),
    "unknown-receiver": ProblemType(
        "Unknown receiver", "No file of sql/receivers/ declares this receiver."
    ),
    "extraction-lost": ProblemType(
        "Extraction lost", "The run did not end within its time; start another one."
    ),
    "extraction-superseded": ProblemType(
        "Extraction superseded", "A later attempt has taken over the run."
    ),
    "extraction-too-long": ProblemType(
        "Extraction too long", "The run had too many attempts; read less at a time."
    ),
    "scheduler-unavailable": ProblemType(
        "Scheduler unavailable", "EventBridge Scheduler is unavailable; try again."
    ),
    "source-check-failed": ProblemType(
        "Check failed", "The connection could not be checked in time; try again."
    ),
    "source-unreadable": ProblemType(
        "Source unreadable", "The source cannot be read; see the detail."
    ),
    "source-running": ProblemType("Source running", "The last run of the source has not ended."),
    "source-declared": ProblemType(
        "Source declared in a file", "Change the file of the source, and deploy."
    ),
    "source-exists": ProblemType("Source exists", "Another source has this name."),
    "export-restarts": ProblemType(
        "Export restarts", "The rows changed during every attempt; export again when it is quiet."
    ),
    "export-stalled": ProblemType("Export stalled", "The export made no progress for a day."),
    "person-erased": ProblemType(
        "Person erased", "A person was erased since the export began; export again."
    ),
    "too-many-columns": ProblemType(
        "Too many columns", "The file has more fields than a table has columns."
    ),
    "too-many-exports": ProblemType(
        "Too many exports", "Too many exports are open; wait for one to end."
    ),
    "partition-archived": ProblemType(
        "Partition archived", "Rows are archived; restore the partition that the detail names."
    ),
    "lake-refused": ProblemType(
        "Partition refused", "The partition cannot be archived or restored; see the detail."
    ),
    "unknown-partition": ProblemType("Unknown partition", "No partition of this name is archived."),
    "unknown-sample": ProblemType("Unknown sample", "You have uploaded no file with this id."),
    "too-many-samples": ProblemType(
        "Too many samples", "You have begun as many or as large samples as a day allows; wait."
    ),
    "sample-too-large": ProblemType(
        "Sample too large", "Too much of the file would have to be read for its first records."
    ),
    "unknown-export": ProblemType("Unknown export", "There is no export with this id."),
    "unusable-name": ProblemType(
        "Unusable name", "A field of the file has a name that no column can have."
    ),
    "unknown-source": ProblemType("Unknown source", "There is no source with this id."),
    "too-many-rejects": ProblemType(
        "Too many rejects", "There are too many rejects for one response; use limit and cursor."
    ),
    "unknown-dataset": ProblemType("Unknown dataset", "There is no dataset with this name."),
    "still-referenced": ProblemType(
        "Still referenced", "Other rows refer to the person; erase those first."
    ),
    "unknown-document": ProblemType("Unknown document", "There is no document with this id."),
    "unknown-person": ProblemType(
        "Unknown person", "The dataset cannot have a natural key like this."
    ),
    "unknown-job": ProblemType("Unknown job", "There is no job with this id."),
}
SERVICES = {
    "bus-unavailable": ProblemType(
        "Event bus unavailable", "EventBridge is unavailable; try again."
    ),
    "database-busy": ProblemType("Database busy", "A lock is held by another load; try again."),
    "database-changing": ProblemType(
        "Database changing", "A deployment is changing the database; try again."
    ),
    "database-error": ProblemType("Database error", "Unexpected database error; try again."),
    "database-out-of-resources": ProblemType(
        "Database out of resources",
        "The database has no memory, disk space or connections left; try again.",
    ),
    "database-timeout": ProblemType(
        "Database timeout", "A deadlock or a time limit ended the statement; try again."
    ),
    "database-unavailable": ProblemType(
        "Database unavailable", "The database is resuming or unavailable; try again."
    ),
    "jobs-not-moving": ProblemType(
        "Jobs not moving", "Open jobs made no progress for 15 minutes; see their runs."
    ),
    "not-fresh-yet": ProblemType(
        "Not fresh yet", "The figures do not include the job yet; try again."
    ),
    "queue-unavailable": ProblemType("Queue unavailable", "SQS is unavailable; try again."),
    "secrets-unavailable": ProblemType(
        "Secrets unavailable", "The database password cannot be read; try again."
    ),
    "decoder-ended": ProblemType(
        "Decoder ended", "The process that decodes the file was ended; it is tried again."
    ),
    "storage-error": ProblemType("Storage error", "Unexpected S3 error; try again."),
    "storage-stalled": ProblemType(
        "Storage stalled", "S3 stopped sending in the middle of an object; try again."
    ),
    "storage-unavailable": ProblemType("Storage unavailable", "S3 is unavailable; try again."),
    "encryption-unavailable": ProblemType(
        "Encryption unavailable", "KMS is unavailable; try again."
    ),
}
# Why a run of a source ended.
SOURCES = {
    "extraction-lost": ProblemType("Extraction lost", "The run did not end within its time."),
    "source-invalid-response": ProblemType(
        "Invalid response", "The response of the source is damaged, or not what it should be."
    ),
    "source-rate-limited": ProblemType("Rate limited", "The source refuses so many requests."),
    "source-refused": ProblemType(
        "Refused by the source", "The source, or a rule about sources, refuses to be read."
    ),
    "source-server-error": ProblemType("Server error", "The source reports an error of its own."),
    "source-timeout": ProblemType("Timeout", "The source did not respond in time."),
    "source-unreachable": ProblemType("Source unreachable", "The source cannot be reached."),
}
PROBLEM_TYPES: dict[str, ProblemType] = {
    **REQUESTS, **UPLOADS, **JOBS, **SERVICES, **FILES, **SOURCES,
}  # fmt: skip
