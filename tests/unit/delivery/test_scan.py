"""Each rule of the scan finds what it is for, and nothing in a response that is as it should be."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from infra.console_headers import security_headers
from infra.delivery.scan import scan
from infra.delivery.scan_rules import findings
from infra.delivery.tools import ToolError
from waybill.http.security_headers import SECURITY_HEADERS

_JSON = {"Content-Type": "application/json"}
_PAGE = {"Content-Type": "text/html", "Cache-Control": "no-cache", **security_headers(())}
_SCRIPT = {"Content-Type": "text/javascript", **SECURITY_HEADERS}


def numbers(
    headers: Mapping[str, str], text: str = "{}", *, status: int = 200, url: str = "http://api/x"
) -> set[str]:
    request = httpx.Request("GET", url, headers={"Origin": "https://other.example"})
    response = httpx.Response(status, headers=headers, text=text, request=request)
    return {found.partition(" ")[0] for found in findings(response)}


def test_good_responses_have_no_findings() -> None:
    assert numbers({**_JSON, **SECURITY_HEADERS}, url="https://api/x") == set()
    assert numbers(_PAGE, "<script src='/assets/a.js'></script>") == set()
    assert numbers(_SCRIPT, "node.textContent = value;") == set()


@pytest.mark.parametrize(
    ("number", "changed", "text"),
    [
        ("10015", {"Cache-Control": "max-age=60"}, ""),
        ("10019", {"Content-Type": ""}, "x"),
        ("10020", {"X-Frame-Options": "ALLOW"}, ""),
        ("10021", {"X-Content-Type-Options": ""}, ""),
        ("10023", {}, "Traceback (most recent call last)"),
        ("10023", {}, "could not connect to 10.0.3.17"),
        ("10036", {"Server": "nginx/1.2"}, ""),
        ("10036", {"X-Powered-By": "PHP"}, ""),
        ("10054", {"Set-Cookie": "a=b; HttpOnly; Secure"}, ""),
        ("10098", {"Access-Control-Allow-Origin": "https://other.example"}, ""),
        ("10105", {"WWW-Authenticate": 'Basic realm="x"'}, ""),
    ],
)
def test_each_rule_finds_what_it_is_for(number: str, changed: dict[str, str], text: str) -> None:
    assert numbers({**_JSON, **SECURITY_HEADERS, **changed}, text) == {number}


def test_pages_and_scripts_have_rules_of_their_own() -> None:
    assert numbers(_PAGE, '<script src="https://cdn.example/a.js"></script>') == {"10017"}
    loose = {"Content-Security-Policy": "default-src 'none'; script-src 'unsafe-inline'"}
    assert numbers({**_PAGE, **loose}) == {"10038"}
    assert numbers({**_PAGE, "Content-Security-Policy": ""}) == {"10038"}
    bare = {name: value for name, value in _PAGE.items() if name != "Permissions-Policy"}
    assert numbers(bare) == {"10063"}
    assert numbers(_SCRIPT, "eval(value);") == {"10110"}


def test_tls_and_internal_errors() -> None:
    headers = {**_JSON, **SECURITY_HEADERS}
    del headers["Strict-Transport-Security"]
    assert numbers(headers) == set()
    assert numbers(headers, url="https://api/x") == {"10035"}
    assert numbers({**_JSON, **SECURITY_HEADERS}, status=500) == {"90022"}


@contextmanager
def serving(bad: str) -> Iterator[tuple[str, list[str]]]:
    """An API and a console, of which the path `bad` has no headers; and what they were sent."""
    seen: list[str] = []
    page = b'<link href="/assets/a.css"><script src="/assets/a.js"></script>'
    described = json.dumps({"paths": {"/jobs/{job_id}": {"get": {}}}}).encode()
    bodies = {"/": page, "/assets/a.js": b'import "./b.js";', "/api/v1/openapi.json": described}

    class Handler(BaseHTTPRequestHandler):
        server_version, sys_version = "server", ""

        def _respond(self) -> None:
            seen.append(f"{self.command} {self.path} {self.headers['Authorization']}")
            self.send_response(200)
            body = bodies.get(self.path, b"{}")
            self.send_header("Content-Length", str(len(body)))
            kind = _PAGE if body is page else {**_JSON, **SECURITY_HEADERS}
            for name, value in {} if self.path == bad else kind.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_OPTIONS = do_PATCH = _respond  # noqa: N815 - named by the base

        def log_message(self, *_: object) -> None:
            """Not into the test's output."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/api/v1", seen
        server.shutdown()


def test_it_visits_each_path_and_each_file_of_the_console() -> None:
    with serving("nothing") as (api, seen):
        assert "no findings" in scan(api, "t")
    job = "/api/v1/jobs/01900000-0000-7000-8000-000000000000"
    assert {f"GET {job} None", f"GET {job} Bearer t", f"PATCH {job} None"} <= set(seen)
    assert {"GET / None", "GET /assets/a.css None", "GET /assets/b.js None"} <= set(seen)


@pytest.mark.parametrize("bad", ["/assets/b.js", "/api/v1/no/such/path", "/"])
def test_a_finding_anywhere_fails_it(bad: str) -> None:
    with serving(bad) as (api, _), pytest.raises(ToolError, match="10021 "):
        scan(api, None)


def test_without_an_api_there_is_nothing_to_scan() -> None:
    with pytest.raises(ToolError, match="no description"):
        scan("http://127.0.0.1:1/v1", None)
