"""What the console's paths answer, request by request, without a running emulator."""

import asyncio
import gzip
import json
import time
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any, NamedTuple

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from infra.local import emulator_console
from infra.local.emulator_console import Console, Receive, Scope, Send

HEADERS = {"Content-Security-Policy": "default-src 'none'"}
CLAIMS = {"iss": "https://issuer.example", "sub": "developer", "waybill:role": "admin"}
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SIGNED = {"authorization": "AWS4-HMAC-SHA256 Credential=x"}


class Answer(NamedTuple):
    """A response, or the path that was passed to the emulator."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    passed: Scope | None


class Requests(NamedTuple):
    """Calls the console."""

    console: Console
    passed: list[Scope]

    def send(self, method: str, path: str, **headers: str) -> Answer:
        messages: list[MutableMapping[str, Any]] = []

        async def collect(message: MutableMapping[str, Any]) -> None:
            messages.append(message)

        async def receive() -> MutableMapping[str, Any]:
            return {"type": "http.request"}

        route, _, query = path.partition("?")
        scope = {
            "type": "http", "method": method, "path": route, "raw_path": route.encode(),
            "query_string": query.encode(), "client": ("127.0.0.1", 50_000),
            "headers": [(name.replace("_", "-").encode(), value.encode())
                        for name, value in headers.items()],
        }  # fmt: skip
        self.passed.clear()
        asyncio.run(self.console(scope, receive, collect))
        if self.passed:
            return Answer(0, {}, b"", self.passed[0])
        start, body = messages
        found = {name.decode(): value.decode() for name, value in start["headers"]}
        return Answer(start["status"], found, body["body"], None)


@pytest.fixture
def requests(tmp_path: Path) -> Requests:
    root = tmp_path / "static"
    (root / "pages").mkdir(parents=True)
    (root / "index.html").write_text("<!doctype html><title>Waybill</title>")
    (root / "pages" / "jobs.js").write_text("export const jobs = 1;\n" * 50)
    (root / "logo.bin").write_bytes(b"\x00\xff")
    (tmp_path / "secret.txt").write_text("not served")
    key = tmp_path / "key.pem"
    key.write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    tokens = {"lifetime_seconds": 1800, "claims": CLAIMS, "key_file": str(key),
              "algorithm": "RS256", "key_id": "one"}  # fmt: skip
    passed: list[Scope] = []

    async def emulator(scope: Scope, _receive: Receive, _send: Send) -> None:
        passed.append(scope)

    settings = {"root": str(root), "headers": HEADERS, "tokens": tokens}
    return Requests(Console(emulator, settings), passed)


def test_the_page_and_its_files_are_served_with_the_policy(requests: Requests) -> None:
    page = requests.send("GET", "/")
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert page.body.startswith(b"<!doctype html>")
    script = requests.send("GET", "/assets/pages/jobs.js")
    assert script.headers["content-type"].startswith(("text/javascript", "application/javascript"))
    other = requests.send("GET", "/assets/logo.bin")
    assert (other.body, other.headers["content-type"]) == (b"\x00\xff", "application/octet-stream")
    config = requests.send("GET", "/config.json")
    assert config.body == b'{"login": "local"}'
    for answer in (page, script, other, config):
        assert answer.headers["content-security-policy"] == "default-src 'none'"
        assert answer.headers["content-length"] == str(len(answer.body))


def test_a_request_with_a_token_gets_the_page(requests: Requests) -> None:
    page = requests.send("GET", "/", authorization="Bearer x")
    assert page.body.startswith(b"<!doctype html>")


def test_text_is_compressed_for_browsers_that_accept_it(requests: Requests) -> None:
    plain = requests.send("GET", "/assets/pages/jobs.js")
    packed = requests.send("GET", "/assets/pages/jobs.js", accept_encoding="br, gzip")
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["vary"] == "Accept-Encoding"
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body)
    binary = requests.send("GET", "/assets/logo.bin", accept_encoding="gzip")
    assert binary.body == b"\x00\xff"


def test_a_file_that_the_browser_has_is_not_sent_again(requests: Requests) -> None:
    etag = requests.send("GET", "/").headers["etag"]
    again = requests.send("GET", "/", if_none_match=etag)
    assert (again.status, again.body) == (304, b"")
    assert requests.send("GET", "/", if_none_match='"other"').status == 200


@pytest.mark.parametrize("path", ["nothing.js", "../secret.txt", "pages", "pages/../../secret.txt"])
def test_nothing_else_is_served(requests: Requests, path: str) -> None:
    answer = requests.send("GET", f"/assets/{path}")
    assert (answer.status, answer.body) == (404, b"There is no such file.")


def test_the_api_is_below_the_same_origin(requests: Requests) -> None:
    scope = requests.send("GET", "/api/v1/jobs?limit=1").passed
    assert scope is not None
    assert scope["path"] == "/_aws/execute-api/waybill/v1/jobs"
    assert scope["raw_path"] == b"/_aws/execute-api/waybill/v1/jobs"
    assert scope["query_string"] == b"limit=1"


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/", SIGNED),
        ("GET", "/?X-Amz-Signature=1", {}),
        ("PUT", "/waybill-local-landing/landing/a.csv", {}),
        ("GET", "/waybill-local-landing?list-type=2", {}),
        ("GET", "/session", {}),
    ],
)
def test_all_other_requests_are_the_emulators(
    requests: Requests, method: str, path: str, headers: dict[str, str]
) -> None:
    scope = requests.send(method, path, **headers).passed
    assert scope is not None
    assert scope["path"] == path.partition("?")[0]


def test_a_browser_of_the_own_user_gets_a_token(
    requests: Requests, monkeypatch: pytest.MonkeyPatch
) -> None:
    clients: list[object] = []

    def is_own(client: object) -> bool:
        clients.append(client)
        return True

    monkeypatch.setattr(emulator_console, "is_own_process", is_own)
    answer = requests.send("POST", "/session")
    assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")
    assert clients == [("127.0.0.1", 50_000)]
    token = str(json.loads(answer.body)["access_token"])
    claims = jwt.decode(token, KEY.public_key(), ["RS256"])
    assert CLAIMS.items() <= claims.items()
    assert claims["exp"] - claims["iat"] == 1800
    assert abs(claims["iat"] - time.time()) < 60
    assert jwt.get_unverified_header(token)["kid"] == "one"


def test_other_users_get_no_token(requests: Requests, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emulator_console, "is_own_process", lambda _: False)
    answer = requests.send("POST", "/session")
    assert answer.status == 403
    assert b"waybill token" in answer.body
