"""Send a token with each request."""

from collections.abc import Callable, Generator

import httpx

Token = str | Callable[[], str]
"""A token, or a function that returns one that is still valid."""


class BearerAuth(httpx.Auth):
    """Adds `Authorization: Bearer …`; a token that has a scheme already is sent as it is."""

    def __init__(self, token: Token) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the header."""
        token = self._token if isinstance(self._token, str) else self._token()
        request.headers["Authorization"] = token if " " in token else f"Bearer {token}"
        yield request
