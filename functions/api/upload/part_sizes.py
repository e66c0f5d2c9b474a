"""How a file is cut into the parts of a multipart upload."""

from waybill.errors import TooLarge

MAX_FORM_BYTES = 5 * 1024**3
MAX_OBJECT_BYTES = 5 * 1024**4
# S3 takes 10,000 parts, but every address is in the answer, a kilobyte and a half each where
# credentials are temporary, and a function's answer is at most 6 MB.
MAX_PARTS = 1_500
_USUAL_PART_BYTES = 64 * 1024**2
_STEP_BYTES = 1024**2


def part_size(size_bytes: int) -> int:
    """Bytes of every part but the last: 64 MiB, more when that would take too many parts.

    Raises:
        TooLarge: `file-too-large`, S3 has no objects of that size.
    """
    if size_bytes > MAX_OBJECT_BYTES:
        raise TooLarge("file-too-large", f"A file is at most {MAX_OBJECT_BYTES} bytes.")
    steps = -(-size_bytes // (MAX_PARTS * _STEP_BYTES))
    return max(_USUAL_PART_BYTES, steps * _STEP_BYTES)


def part_count(size_bytes: int, part_bytes: int) -> int:
    """How many parts the file has; an empty file has one, which is empty."""
    return max(1, -(-size_bytes // part_bytes))
