"""The console's files, the API's path and the token, on the emulator's port."""

import gzip
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import jwt
import pytest

from infra.environments import LOCAL_AUDIENCE
from infra.local import emulator
from infra.local.access_key import AccessKey
from infra.local.clients import Clients
from infra.local.console import FILES, write_settings
from infra.local.emulator_console import is_own_process
from infra.local.issuer import Issuer, key_file, load_issuer
from infra.local.postgres import free_port

KEY = AccessKey.generate()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("console")


@pytest.fixture(scope="module")
def issuer(home: Path) -> Issuer:
    return load_issuer(home)


@pytest.fixture(scope="module")
def port(home: Path, issuer: Issuer) -> Iterator[int]:
    port = free_port()
    settings = write_settings(home / "emulator", port, issuer, key_file(home))
    process = emulator.start(home / "emulator", port, KEY, settings)
    yield port
    process.stop()


@pytest.fixture
def http(port: int) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=emulator.endpoint(port)) as client:
        yield client


def test_the_page_allows_no_inline_script_and_no_other_host(http: httpx.Client) -> None:
    page = http.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    policy = dict(
        part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["connect-src"] == f"'self' {emulator.endpoint(http.base_url.port or 0)}"
    assert "<style" not in page.text
    assert "style=" not in page.text


def test_files_are_compressed_and_validated(http: httpx.Client) -> None:
    first = http.get("/assets/app.js")
    assert first.headers["content-type"].startswith("text/javascript")
    assert first.headers["content-encoding"] == "gzip"
    assert first.content == (FILES / "app.js").read_bytes()
    again = http.get("/assets/app.js", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    plain = http.get("/assets/app.js", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert len(gzip.compress(plain.content)) < len(plain.content)


@pytest.mark.parametrize("path", ["/assets/none.js", "/assets/%2e%2e/README.md", "/assets/"])
def test_only_the_consoles_files_are_served(http: httpx.Client, path: str) -> None:
    assert http.get(path).status_code == 404


def test_listing_the_buckets_is_still_the_emulators(port: int) -> None:
    assert Clients(port, KEY)("s3").list_buckets()["Buckets"] == []


def test_the_users_own_processes_get_a_token(http: httpx.Client, issuer: Issuer) -> None:
    response = http.post("/session")
    assert response.headers["cache-control"] == "no-store"
    claims = jwt.decode(
        response.json()["access_token"],
        issuer.key.public_key(),
        ["ES256"],
        audience=LOCAL_AUDIENCE,
    )
    assert claims["roles"] == ["admin"]
    assert claims["exp"] - claims["iat"] == 30 * 60


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_pages_of_other_origins_get_no_token(http: httpx.Client, headers: dict[str, str]) -> None:
    assert http.post("/session", headers=headers).status_code == 403


def test_a_connection_of_nobody_here_is_not_the_users() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        assert not is_own_process(unused.getsockname())


def test_another_user_gets_no_token(port: int) -> None:
    code = (
        "import encodings.idna, http.client, os\n"
        "os.setuid(65534)\n"
        f"connection = http.client.HTTPConnection('127.0.0.1', {port})\n"
        "connection.request('POST', '/session')\n"
        "print(connection.getresponse().status)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    if "PermissionError" in ended.stderr:
        pytest.skip("only root can become another user")
    assert ended.stdout.strip() == "403"


def test_the_api_has_a_path_on_the_same_origin(http: httpx.Client) -> None:
    there, here = http.get("/_aws/execute-api/waybill/v1/x"), http.get("/api/v1/x")
    assert (here.status_code, here.text) == (there.status_code, there.text)


def test_the_settings_are_readable_by_their_owner_only(home: Path, port: int) -> None:
    assert port
    file = home / "emulator" / "console.json"
    assert file.stat().st_mode & 0o077 == 0
    assert json.loads(file.read_text())["tokens"]["algorithm"] == "ES256"
