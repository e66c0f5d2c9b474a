"""A connection that is kept between requests to one host: most APIs are read in many pages."""

import time

import urllib3
from urllib3.exceptions import ProtocolError, SSLError

from waybill.outbound.origin import Origin

_CONNECT_SECONDS = 5.0


class KeptConnection:
    """The connection of the last GET, for the next one to the same host and address."""

    def __init__(self) -> None:
        self._place: tuple[Origin, str] | None = None
        self._pool: urllib3.HTTPConnectionPool | None = None

    def get(
        self,
        origin: Origin,
        address: str,
        target: str,
        headers: dict[str, str],
        deadline: float,
    ) -> urllib3.BaseHTTPResponse:
        """The response to a GET; the connection is kept if its body is read to the end.

        A server may close a kept connection at the moment that it is used. Then the request is
        sent once more, on a new one.

        Raises:
            urllib3.exceptions.HTTPError: as `urlopen`.
        """
        if self._pool is not None and self._place == (origin, address):
            try:
                return urlopen(self._pool, target, headers, deadline)
            except (ProtocolError, SSLError):
                pass
        if self._pool is not None:
            self._pool.close()
        self._place, self._pool = (origin, address), new_pool(origin, address)
        return urlopen(self._pool, target, headers, deadline)


def new_pool(origin: Origin, address: str) -> urllib3.HTTPConnectionPool:
    """A pool that connects to the address that was checked, and verifies the host's name."""
    if origin.scheme == "http":
        return urllib3.HTTPConnectionPool(address, origin.port)
    return urllib3.HTTPSConnectionPool(
        address,
        origin.port,
        cert_reqs="CERT_REQUIRED",
        server_hostname=origin.host,
        assert_hostname=origin.host,
    )


def urlopen(
    pool: urllib3.HTTPConnectionPool,
    target: str,
    headers: dict[str, str],
    deadline: float,
    body: bytes | None = None,
) -> urllib3.BaseHTTPResponse:
    """Send a GET, or a POST of this body; the response, whose body is not read yet.

    The deadline is one of the monotonic clock, in seconds.
    """
    left = max(0.1, deadline - time.monotonic())
    return pool.urlopen(
        "GET" if body is None else "POST",
        target,
        body=body,
        headers=headers,
        redirect=False,
        retries=False,
        preload_content=False,
        timeout=urllib3.Timeout(connect=_CONNECT_SECONDS, read=left),
    )
