"""Identifiers: UUID version 7, which sort by creation time (RFC 9562, section 5.7)."""

import secrets
import time
import uuid

_VERSION_7 = 0x7 << 76
_VARIANT = 0b10 << 62


def new_id(unix_milliseconds: int | None = None) -> uuid.UUID:
    """A new UUIDv7; its first 48 bits are milliseconds since 1970 in UTC."""
    milliseconds = time.time_ns() // 1_000_000 if unix_milliseconds is None else unix_milliseconds
    random_a = secrets.randbits(12) << 64
    random_b = secrets.randbits(62)
    return uuid.UUID(int=milliseconds << 80 | _VERSION_7 | random_a | _VARIANT | random_b)
