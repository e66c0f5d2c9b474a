"""HTTP requests: TLS, checked addresses, no foreign redirects, size and time caps."""

import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple
from urllib.parse import urlencode, urljoin, urlsplit, urlunsplit

import urllib3
from urllib3.exceptions import (
    HTTPError,
    LocationParseError,
    NewConnectionError,
    SSLError,
)
from urllib3.exceptions import (
    TimeoutError as HttpTimeout,
)

from waybill.outbound.address import Guard, Resolve, checked_address, resolve
from waybill.outbound.error import OutboundError
from waybill.outbound.kept_connection import KeptConnection, new_pool, urlopen
from waybill.outbound.origin import Origin, origin_of

_MAX_REDIRECTS = 3
_REDIRECTS = (301, 302, 303, 307, 308)
_LONGEST_PAUSE = 86400.0 * 365
_PIECE = 64 * 1024


class Limits(NamedTuple):
    """Limits of one response."""

    bytes: int
    seconds: float


class Request(NamedTuple):
    """A request; one with a body is a POST, whose redirects are not followed."""

    url: str
    headers: Mapping[str, str] = {}
    body: bytes | None = None

    @classmethod
    def of_form(cls, url: str, headers: Mapping[str, str], form: Mapping[str, str]) -> "Request":
        """A POST of a form."""
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return cls(url, {**headers, **kind}, urlencode(form).encode())


class Response(NamedTuple):
    """The status, the headers (lower-case names), the body, and the URL it came from."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


def with_query(url: str, parameters: Mapping[str, str]) -> str:
    """The URL with these parameters added to its query."""
    parts = urlsplit(url)
    query = "&".join(filter(None, (parts.query, urlencode(parameters))))
    return urlunsplit(parts._replace(query=query, fragment=""))


class GuardedHttp:
    """Sends requests, each to an address that was checked."""

    def __init__(self, guard: Guard, limits: Limits, resolving: Resolve = resolve) -> None:
        self._guard = guard
        self._limits = limits
        self._resolving = resolving
        self._kept = KeptConnection()

    def send(self, request: Request) -> Response:
        """Send the request; redirects of a GET on the same host are followed.

        Raises:
            OutboundError: `refused`, `unreachable`, `timeout` or `invalid-response`.
        """
        deadline = time.monotonic() + self._limits.seconds
        first = origin_of(request.url)
        for _ in range(_MAX_REDIRECTS + 1):
            response = self._send_once(request, deadline)
            target = response.headers.get("location")
            if response.status not in _REDIRECTS or target is None or request.body is not None:
                return response
            url = urljoin(request.url, target)
            if origin_of(url) != first:
                raise OutboundError("refused", f"{first.host} redirects to another host.")
            request = Request(url, request.headers)
        raise OutboundError("refused", f"{first.host} redirects again and again.")

    def _send_once(self, request: Request, deadline: float) -> Response:
        origin = origin_of(request.url)
        if origin.scheme != "https" and not self._guard.plain_http:
            raise OutboundError("refused", "Only HTTPS is permitted.")
        address = checked_address(self._guard, origin.host, origin.port, self._resolving)
        try:
            return self._read(origin, address, request, deadline)
        except SSLError as error:
            raise OutboundError("unreachable", f"TLS with {origin.host} failed.") from error
        except (HttpTimeout, TimeoutError) as error:
            if isinstance(error, NewConnectionError):
                raise _unreachable(origin) from error
            raise OutboundError("timeout", f"{origin.host} did not respond in time.") from error
        except LocationParseError as error:
            raise OutboundError("refused", "The URL is not valid.") from error
        except HTTPError as error:
            if isinstance(error, NewConnectionError):
                raise _unreachable(origin) from error
            detail = f"{origin.host} ended the response early."
            raise OutboundError("invalid-response", detail) from error

    def _read(self, origin: Origin, address: str, request: Request, deadline: float) -> Response:
        parts = urlsplit(request.url)
        target = urlunsplit(("", "", parts.path or "/", parts.query, ""))
        default = 443 if origin.scheme == "https" else 80
        name = f"[{origin.host}]" if ":" in origin.host else origin.host
        headers = {
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "User-Agent": "waybill",
            **request.headers,
            "Host": name if origin.port == default else f"{name}:{origin.port}",
        }
        if request.body is None:
            answer = self._kept.get(origin, address, target, headers, deadline)
            return self._whole(answer, origin, request, deadline)
        # Not repeated, so it has a connection that nothing can have closed meanwhile.
        with new_pool(origin, address) as pool:
            answer = urlopen(pool, target, headers, deadline, request.body)
            return self._whole(answer, origin, request, deadline)

    def _whole(
        self, answer: urllib3.BaseHTTPResponse, origin: Origin, request: Request, deadline: float
    ) -> Response:
        try:
            body = self._body(answer, origin, deadline)
        finally:
            answer.close()
        found = {name.lower(): value for name, value in answer.headers.items()}
        return Response(answer.status, found, body, request.url)

    def _body(self, answer: urllib3.BaseHTTPResponse, origin: Origin, deadline: float) -> bytes:
        pieces: list[bytes] = []
        size = 0
        while piece := answer.read(_PIECE, decode_content=True):
            size += len(piece)
            pieces.append(piece)
            if size > self._limits.bytes:
                detail = f"A response of {origin.host} has more than {self._limits.bytes} bytes."
                raise OutboundError("refused", detail)
            if time.monotonic() > deadline:
                raise OutboundError("timeout", f"A response of {origin.host} took too long.")
        return b"".join(pieces)


def _unreachable(origin: Origin) -> OutboundError:
    return OutboundError("unreachable", f"{origin.host} cannot be reached.")


def retry_after(response: Response) -> float | None:
    """The seconds that a response asks to wait, from a number or a date; None without."""
    text = response.headers.get("retry-after", "").strip()
    if text.isdecimal():
        # One of hundreds of digits would be infinite.
        return min(float(text), _LONGEST_PAUSE)
    with suppress(ValueError, OverflowError):
        moment = parsedate_to_datetime(text)
        return max(0.0, (moment - datetime.now(UTC)).total_seconds()) if moment.tzinfo else None
    return None
