"""Tokens of an issuer."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Tokens(NamedTuple):
    """What an issuer gives after a login."""

    access_token: str
    refresh_token: str | None
    expires_in: float
    """Seconds that the access token is valid."""

    @classmethod
    def of(cls, response: Mapping[str, Any]) -> "Tokens":
        """From a response of a token endpoint (RFC 6749)."""
        return cls(
            str(response["access_token"]),
            response.get("refresh_token"),
            float(response.get("expires_in", 300)),
        )
