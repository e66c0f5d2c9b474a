"""Serves the console in front of the emulator, so that it and the API have one origin.

* `GET /`, `/assets/…` and `/config.json` are the console's files.
* `POST /session` gives a token to a browser of the user who runs the stack. Others on this
  machine can connect to the loopback address too, so the owner of the connection is checked.
* `/api/…` is the API; behind CloudFront it has the same path.

Everything else is the emulator's. Loaded as a script by the emulator's process, so it imports
nothing of the project.
"""

import asyncio
import gzip
import hashlib
import json
import mimetypes
import os
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, MutableMapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
import psutil

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = Mapping[str, str]

_API = "/api/"
# The id of the API is fixed by a tag of the local template.
_EMULATED_API = "/_aws/execute-api/waybill/"
_ASSETS = "/assets/"
_COMPRESSED = (".css", ".html", ".js", ".json", ".svg")
_JSON = "application/json"
# Linux's table of the TCP connections.
_SOCKETS = Path("/proc/net/tcp")
_ESTABLISHED = "01"


class Console:
    """Serves the console's paths, and passes all other requests to `application`."""

    def __init__(self, application: Application, settings: Mapping[str, Any]) -> None:
        self._application = application
        self._root = Path(settings["root"])
        self._headers: Headers = settings["headers"]
        self._tokens = settings["tokens"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        path = str(scope.get("path", ""))
        if scope["type"] == "http":
            if path == "/session" and scope["method"] == "POST":
                await self._send_token(scope, send)
                return
            if scope["method"] == "GET" and not _is_signed(scope):
                if path == "/config.json":
                    await _respond(send, 200, _JSON, b'{"login": "local"}', self._headers)
                    return
                if path == "/" or path.startswith(_ASSETS):
                    await self._send_file(scope, send, path)
                    return
            if path.startswith(_API):
                scope = dict(scope) | {"path": _EMULATED_API + path.removeprefix(_API)}
                if raw := scope.get("raw_path"):
                    scope["raw_path"] = raw.replace(_API.encode(), _EMULATED_API.encode(), 1)
        await self._application(scope, receive, send)

    async def _send_file(self, scope: Scope, send: Send, path: str) -> None:
        name = "index.html" if path == "/" else path.removeprefix(_ASSETS)
        file = (self._root / name).resolve()
        if not file.is_relative_to(self._root) or not file.is_file():
            headers = {**self._headers, "Cache-Control": "no-store"}
            await _respond(send, 404, "text/plain", b"There is no such file.", headers)
            return
        body = file.read_bytes()
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        headers = {**self._headers, "ETag": etag, "Cache-Control": "no-cache"}
        if etag in _header(scope, b"if-none-match"):
            await _respond(send, 304, kind, b"", headers)
            return
        if file.suffix in _COMPRESSED and "gzip" in _header(scope, b"accept-encoding"):
            body = gzip.compress(body, mtime=0)
            headers |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        await _respond(send, 200, kind, body, headers)

    async def _send_token(self, scope: Scope, send: Send) -> None:
        client = tuple(scope.get("client") or ())
        if not await asyncio.to_thread(is_own_process, client):
            text = b"Only the user who runs the stack gets a token; use `waybill token`."
            await _respond(send, 403, "text/plain", text, self._headers)
            return
        body = json.dumps({"access_token": self._token(), "token_type": "Bearer"})
        headers = {**self._headers, "Cache-Control": "no-store"}
        await _respond(send, 200, _JSON, body.encode(), headers)

    def _token(self) -> str:
        now = int(time.time())
        times = {"iat": now, "nbf": now, "exp": now + self._tokens["lifetime_seconds"]}
        claims = {**self._tokens["claims"], **times, "jti": str(uuid4())}
        key = Path(self._tokens["key_file"]).read_bytes()
        algorithm, key_id = self._tokens["algorithm"], self._tokens["key_id"]
        return jwt.encode(claims, key, algorithm, headers={"kid": key_id})


def is_own_process(client: tuple[Any, ...]) -> bool:
    """Whether the process at the other end of a connection belongs to this process's user.

    `client` is the host and the port that it connected from.
    """
    if _SOCKETS.exists():
        return client in _own_sockets(_SOCKETS.read_text())
    for process in psutil.process_iter():
        try:
            if process.uids().real == os.getuid() and any(
                tuple(one.laddr) == client for one in process.net_connections("tcp4")
            ):
                return True
        except (psutil.AccessDenied, psutil.NoSuchProcess):
            continue
    return False


def _own_sockets(table: str) -> Iterator[tuple[str, int]]:
    """The local ends of this user's established connections in `/proc/net/tcp`.

    One file, where a look at each process takes a second on a busy machine.
    """
    for line in table.splitlines()[1:]:
        _, local, _, state, _, _, _, uid, *_ = line.split()
        if state == _ESTABLISHED and int(uid) == os.getuid():
            host, port = local.split(":")
            # The address in the machine's byte order, as a number.
            address = int(host, 16).to_bytes(4, sys.byteorder)
            yield ".".join(map(str, address)), int(port, 16)


def _is_signed(scope: Scope) -> bool:
    """Whether an AWS client sent it: listing the buckets is `GET /` too."""
    query = bytes(scope.get("query_string", b"")).lower()
    # A token is no signature: a request with one is for the console.
    return _header(scope, b"authorization").startswith("AWS") or b"x-amz-" in query


def _header(scope: Scope, name: bytes) -> str:
    values: Iterable[bytes] = (value for key, value in scope["headers"] if key.lower() == name)
    return b",".join(values).decode("latin-1")


async def _respond(send: Send, status: int, kind: str, body: bytes, headers: Headers) -> None:
    text = f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
    fields = {**headers, "Content-Type": text, "Content-Length": str(len(body))}
    encoded = [(name.lower().encode(), value.encode()) for name, value in fields.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})
