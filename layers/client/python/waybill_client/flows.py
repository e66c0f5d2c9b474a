"""The requests of each operation, without sending them.

An operation is a generator: it yields requests, is sent their responses, and returns its result.
`Waybill` sends them one after the other, `AsyncWaybill` awaits them; both share retries, paging
and uploads.
"""

import random
from collections.abc import Generator, Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from waybill_client.errors import ClientError, UnreachableError, problem_from_response

BUSY = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
_ATTEMPTS = 6
_LONGEST_PAUSE = 10.0
# A quota of a day is not waited for.
_WORTH_WAITING = 600.0
_BLOCK = 1 << 18


class Pause(NamedTuple):
    """Wait for so many seconds."""

    seconds: float


class FileRange(NamedTuple):
    """A part of a file, to be sent in blocks."""

    path: Path
    begin: int
    length: int

    def blocks(self) -> Iterator[bytes]:
        """The bytes, block by block."""
        left = self.length
        with self.path.open("rb") as source:
            source.seek(self.begin)
            while left and (block := source.read(min(_BLOCK, left))):
                left -= len(block)
                yield block


class Request(NamedTuple):
    """A request to the API; or to the storage, which never gets the API's token."""

    method: str
    url: str
    options: Mapping[str, Any] = {}
    to_storage: bool = False
    content: FileRange | None = None


Flow = Generator[Request | Pause, Any, Any]


def without_none(params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that have a value."""
    return {name: value for name, value in params.items() if value is not None}


def send(method: str, path: str, **options: object) -> Flow:
    """Send a request to the API, again while it is busy; returns the response.

    A `GET` whose connection breaks is sent again too. The others are not: they may have worked.

    Raises:
        ProblemError: an error response.
        UnreachableError: no response.
    """
    broken: httpx.TransportError | None = None
    for attempt in range(_ATTEMPTS):
        try:
            response = yield Request(method, path, options)
        except (httpx.ReadError, httpx.RemoteProtocolError) as error:
            if method != "GET":
                raise
            broken = error
            yield Pause(_backoff(attempt))
            continue
        broken = None
        # The server did nothing yet and asks to retry later.
        if response.status_code not in BUSY or attempt == _ATTEMPTS - 1:
            break
        wait = float(response.headers.get("Retry-After", "1"))
        if wait > _WORTH_WAITING:
            break
        yield Pause(min(_LONGEST_PAUSE, wait))
    if broken:
        raise broken
    if response.is_error:
        raise problem_from_response(response)
    return response


def document(method: str, path: str, **options: object) -> Flow:
    """The same; returns the response's JSON object.

    Raises:
        ClientError: the response is not of this API.
    """
    return parsed((yield from send(method, path, **options)))


def parsed(response: httpx.Response) -> dict[str, Any]:
    """The JSON object of a response.

    Raises:
        ClientError: the response is not of this API.
    """
    try:
        value = response.json()
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise ClientError(f"At {response.url} there is no Waybill API: its response is not JSON.")
    return value


def send_part(url: str, part: FileRange) -> Flow:
    """PUT a part into the storage, again when the connection breaks; returns the response."""
    headers = {"Content-Length": str(part.length)}
    for attempt in range(_ATTEMPTS):
        is_last = attempt == _ATTEMPTS - 1
        try:
            response = yield Request("PUT", url, {"headers": headers}, True, part)
        except httpx.TransportError as error:
            if is_last:
                raise UnreachableError(f"The upload was interrupted: {error}") from error
        else:
            if is_last or response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
                break
        yield Pause(_backoff(attempt))
    return response


def _backoff(attempt: int) -> float:
    """Seconds: doubled each time, with jitter, so that many clients do not come back at once."""
    return min(_LONGEST_PAUSE, 0.5 * 2.0**attempt) * random.uniform(0.5, 1)  # noqa: S311 - no secret
