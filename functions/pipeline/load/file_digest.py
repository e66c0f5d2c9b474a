"""Hash and size of a file before it is stored."""

import hashlib
from typing import BinaryIO

_HASHED_BYTES = 1024 * 1024


def sha256_of(file: BinaryIO) -> tuple[str, int]:
    """The hash and the size of a file, which is at its beginning then."""
    file.seek(0)
    digest, size = hashlib.sha256(), 0
    while data := file.read(_HASHED_BYTES):
        digest.update(data)
        size += len(data)
    file.seek(0)
    return digest.hexdigest(), size
