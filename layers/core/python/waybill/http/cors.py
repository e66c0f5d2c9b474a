"""What pages of other origins may send and read.

The functions, API Gateway and the firewall all take it from here.
"""

from collections.abc import Iterable

ALLOW_HEADERS = ("Accept", "Authorization", "Content-Type", "Idempotency-Key", "If-None-Match")
EXPOSE_HEADERS = ("ETag", "Link", "Location", "Retry-After", "WWW-Authenticate")
MAX_AGE_SECONDS = 600


def readable(origin: str | None, exposed: Iterable[str] = EXPOSE_HEADERS) -> dict[str, str]:
    """Headers of a fixed response that let pages of `origin` read it and its headers `exposed`.

    `origin` is `*` for all pages, None for none.
    """
    if origin is None:
        return {}
    headers = {"Access-Control-Allow-Origin": origin}
    names = ",".join(exposed)
    return headers | {"Access-Control-Expose-Headers": names} if names else headers
