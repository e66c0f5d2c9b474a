"""Scheme, host and port of URLs."""

from typing import NamedTuple
from urllib.parse import urlsplit

from waybill.outbound.error import OutboundError


class Origin(NamedTuple):
    """Scheme, host and port of a URL."""

    scheme: str
    host: str
    port: int


def origin_of(url: str) -> Origin:
    """The origin of a URL.

    Raises:
        OutboundError: `refused`, it is not a URL of HTTP.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        host = (parts.hostname or "").encode("idna").decode() if parts.hostname else ""
    except ValueError as error:
        raise OutboundError("refused", "The URL is not valid.") from error
    if parts.scheme not in ("https", "http") or not host or parts.username is not None:
        raise OutboundError("refused", "The URL is not one of HTTPS.")
    return Origin(parts.scheme, host, port)
