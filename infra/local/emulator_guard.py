"""An ASGI filter in front of the emulator, against web pages and other machines.

Loopback protects from neither: a browser on this machine sends what a page asks it to, and a
page can point its own host name at 127.0.0.1 (DNS rebinding). So a request must name a loopback
host, and one that a page sends reaches only the API and the landing bucket, whose own CORS
rules, signatures and forms apply there, the console's files, and what a signed link downloads.
A token is given to the console's own page only. The emulator's administrative paths are closed;
one of them, `POST /_ministack/reset`, deletes everything without credentials.

Loaded as a script by the emulator's process, so it imports nothing of the project.
"""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_READY = "/_ministack/ready"
_API = "/_aws/execute-api/"
_API_OF_CONSOLE = "/api/"
_CONSOLE = ("/", "/config.json")
_ASSETS = "/assets/"
_SESSION = "/session"
_ADMINISTRATIVE = ("/_ministack", "/_localstack", "/_aws/", "/health")


class Guard:
    """Passes permitted requests to `application` and answers the others with 403."""

    def __init__(self, application: Application, port: int, bucket: str, downloads: str) -> None:
        self._application = application
        self._hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost")}
        # What a page may send requests to.
        self._open = (_API, _API_OF_CONSOLE, f"/{bucket}/")
        self._bucket = f"/{bucket}"
        self._downloads = f"/{downloads}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "lifespan" and (reason := self._refusal(scope)):
            await _forbid(send, reason, is_http=scope["type"] == "http")
            return
        await self._application(scope, receive, send)

    def _refusal(self, scope: Scope) -> str | None:
        headers = [(name.lower(), value) for name, value in scope["headers"]]
        if _values(headers, b"host") not in ([host] for host in self._hosts):
            return "The Host header must name the loopback address and the port."
        if scope["type"] != "http":
            return "WebSockets are not served."
        path = "/" + str(scope["path"]).lstrip("/")
        is_api = path.startswith(_API)
        if path.startswith(_ADMINISTRATIVE) and not is_api and path != _READY:
            return "Administrative paths are closed."
        if _is_from_page(headers) and not (
            self._is_open(str(scope["method"]), path, headers)
            or (path.startswith(self._downloads) and _is_signed_link(scope, headers))
        ):
            return "Web pages reach only the API, the landing bucket and the console."
        return None

    def _is_open(self, method: str, path: str, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        """Whether a page may send this request."""
        if path == _SESSION:
            # A token of the administrator: not for pages of other origins.
            origins = {f"http://{host}" for host in self._hosts}
            is_own = _values(headers, b"sec-fetch-site") in ([], ["same-origin"])
            return is_own and set(_values(headers, b"origin")) <= origins
        if method in ("GET", "HEAD") and (path in _CONSOLE or path.startswith(_ASSETS)):
            return True
        return path == self._bucket or path.startswith(self._open)


def _is_from_page(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a page sent the request: it has an origin, or the browser says so."""
    headers = list(headers)
    site = _values(headers, b"sec-fetch-site")
    return bool(_values(headers, b"origin")) or any(one != "none" for one in site)


def _is_signed_link(scope: Scope, headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a link is followed, and not read; the emulator checks the signature of an object."""
    is_signed = b"x-amz-signature=" in bytes(scope.get("query_string", b"")).lower()
    is_followed = _values(headers, b"sec-fetch-mode") == ["navigate"]
    return scope["method"] in ("GET", "HEAD") and is_signed and is_followed


def _values(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in headers if key == name]


async def _forbid(send: Send, reason: str, *, is_http: bool) -> None:
    if not is_http:
        await send({"type": "websocket.close", "code": 1008})
        return
    body = reason.encode()
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})
