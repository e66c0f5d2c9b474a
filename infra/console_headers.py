"""Security headers of the console's files, the same on AWS and in the local stack."""

from collections.abc import Iterable

_NOTHING_ELSE = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
)


def content_security_policy(connect: Iterable[str]) -> str:
    """The policy: no inline script or style, no other host but those of `connect`.

    Args:
        connect: origins, besides the console's own, that its scripts send requests to.
    """
    return "; ".join((*_NOTHING_ELSE, " ".join(("connect-src 'self'", *connect))))


def security_headers(connect: Iterable[str]) -> dict[str, str]:
    """All headers, by name."""
    return {
        "Content-Security-Policy": content_security_policy(connect),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
