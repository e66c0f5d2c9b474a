"""What an object of the landing bucket is known by."""

from typing import NamedTuple


class ObjectRef(NamedTuple):
    """One version of one object; `version_id` is None in a bucket that keeps none."""

    bucket: str
    key: str
    version_id: str | None
    etag: str
    """Without the quotes that HTTP puts around it, as in S3's events."""
    size_bytes: int
