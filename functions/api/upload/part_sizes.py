"""Sizes of the parts of a multipart upload."""

MAX_FORM_BYTES = 5 * 1024**3
# S3 allows 10,000 parts, but the response has every URL (1.5 kB each with temporary credentials)
# and Lambda's response limit is 6 MB.
MAX_PARTS = 1_500
_DEFAULT_PART_BYTES = 64 * 1024**2
_STEP_BYTES = 1024**2


def part_size(size_bytes: int) -> int:
    """Bytes of every part but the last: 64 MiB, or more to stay within the part limit."""
    steps = -(-size_bytes // (MAX_PARTS * _STEP_BYTES))
    return max(_DEFAULT_PART_BYTES, steps * _STEP_BYTES)


def part_sizes(size_bytes: int, part_bytes: int) -> list[int]:
    """Bytes of each part; an empty file has one empty part."""
    full, rest = divmod(size_bytes, part_bytes)
    return [part_bytes] * full + ([rest] if rest or not full else [])
