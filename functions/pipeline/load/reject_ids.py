"""Generates ids for many rejects at once."""

import secrets
import time

import numpy as np

_VERSION, _VARIANT = 6, 8


def reject_ids(count: int) -> bytes:
    """UUIDv7s (RFC 9562, section 5.7) of the current time, 16 bytes each.

    A server built without OpenSSL, such as the embedded one, takes longer to generate an id than
    to store the rest of the reject.
    """
    ids = np.frombuffer(bytearray(secrets.token_bytes(16 * count)), np.uint8).reshape(count, 16)
    milliseconds = (time.time_ns() // 1_000_000).to_bytes(6, "big")
    ids[:, :_VERSION] = np.frombuffer(milliseconds, np.uint8)
    ids[:, _VERSION] = ids[:, _VERSION] & 0x0F | 0x70
    ids[:, _VARIANT] = ids[:, _VARIANT] & 0x3F | 0x80
    return ids.tobytes()
