"""What the connections of both clients have in common."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from waybill_client.bearer_auth import BearerAuth, Token
from waybill_client.errors import UnreachableError

TIMEOUT = httpx.Timeout(60, connect=10)


def api_options(api: str, token: Token | None) -> dict[str, Any]:
    """The arguments of the HTTP client for the API at `api`."""
    return {
        "base_url": api.rstrip("/") + "/",
        "auth": BearerAuth(token) if token else None,
        "timeout": TIMEOUT,
    }


@contextmanager
def reachable(api: str) -> Iterator[None]:
    """Within it, that there is no response is an error in one line.

    Raises:
        UnreachableError: there is no response, or `api` is not a URL.
    """
    try:
        yield
    except (httpx.TransportError, httpx.InvalidURL) as error:
        reason = str(error) or type(error).__name__
        raise UnreachableError(
            f"The API cannot be reached at {api}: {reason}. Is WAYBILL_API right?"
        ) from error
