"""Forms that upload a file to be looked at, `samples/{caller}/{sample_id}`: kept for a day.

The key has the hash of the caller's subject, so that nobody reads the files of another.
"""

import hashlib
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PREFIX = "samples/"
MOST_BYTES = 5 * 1024**3
"""S3 takes no larger file by a form."""


def sample_form(
    s3: "S3Client", bucket: str, key: str, *, size_bytes: int, seconds: int
) -> dict[str, Any]:
    """`url` and `fields` of a form for a file of exactly this size."""
    size_range: list[object] = ["content-length-range", size_bytes, size_bytes]
    form = s3.generate_presigned_post(bucket, key, Conditions=[size_range], ExpiresIn=seconds)
    return {"url": form["url"], "fields": form["fields"]}


def sample_key(subject: str, sample_id: UUID) -> str:
    """The key of a sample of the caller."""
    return f"{_PREFIX}{hash_subject(subject)}/{sample_id}"


def hash_subject(subject: str) -> str:
    """The name of a caller in keys."""
    return hashlib.sha256(subject.encode()).hexdigest()
