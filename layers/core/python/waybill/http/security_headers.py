"""Security headers of every response of the API, whoever sends it."""

from collections.abc import Mapping
from types import MappingProxyType

SECURITY_HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        # Browsers heed it over TLS only, and AWS serves nothing else.
        "Strict-Transport-Security": "max-age=31536000",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
)
"""Without quotes, which API Gateway has no way to write."""

CONTENT_SECURITY_POLICY = "default-src 'none'; frame-ancestors 'none'"
"""Of responses that are no page: a browser that shows one runs nothing of it."""
