"""Signatures of webhooks, as https://www.standardwebhooks.com specifies them."""

import base64
import binascii
import hmac
from collections.abc import Sequence
from datetime import datetime

from functions.pipeline.notify.delivery_error import DeliveryError

_PREFIX = "whsec_"
_LEAST_BYTES = 24


def sign(message_id: str, at: datetime, body: bytes, keys: Sequence[str]) -> dict[str, str]:
    """The headers that identify and sign a message, with a signature for each key.

    Raises:
        DeliveryError: a key is not `whsec_` and at least 24 bytes in Base64.
    """
    timestamp = str(int(at.timestamp()))
    content = f"{message_id}.{timestamp}.".encode() + body
    signatures = (hmac.digest(_key(key), content, "sha256") for key in keys)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(
            f"v1,{base64.b64encode(signature).decode()}" for signature in signatures
        ),
    }


def _key(text: str) -> bytes:
    try:
        key = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        # The exception could quote the key.
        key = b""
    if not text.startswith(_PREFIX) or len(key) < _LEAST_BYTES:
        raise DeliveryError("The key is not whsec_ and at least 24 bytes in Base64.")
    return key
