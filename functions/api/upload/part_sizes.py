"""Sizes of the parts of a multipart upload."""

from waybill.errors import TooLarge

MAX_FORM_BYTES = 5 * 1024**3
MAX_OBJECT_BYTES = 5 * 1024**4
# S3 allows 10,000 parts, but the response has every URL (1.5 kB each with temporary credentials)
# and Lambda's response limit is 6 MB.
MAX_PARTS = 1_500
_DEFAULT_PART_BYTES = 64 * 1024**2
_STEP_BYTES = 1024**2


def part_size(size_bytes: int) -> int:
    """Bytes of every part but the last: 64 MiB, or more to stay within the part limit.

    Raises:
        TooLarge: `file-too-large`, the file exceeds S3's object size limit.
    """
    if size_bytes > MAX_OBJECT_BYTES:
        raise TooLarge("file-too-large", f"A file has at most {MAX_OBJECT_BYTES} bytes.")
    steps = -(-size_bytes // (MAX_PARTS * _STEP_BYTES))
    return max(_DEFAULT_PART_BYTES, steps * _STEP_BYTES)


def part_count(size_bytes: int, part_bytes: int) -> int:
    """How many parts the file has; an empty file has one empty part."""
    return max(1, -(-size_bytes // part_bytes))
