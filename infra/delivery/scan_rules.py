"""What a response is held against: the passive rules of OWASP ZAP that concern an API or a page."""

import re
from collections.abc import Callable, Iterator
from http import HTTPStatus
from types import MappingProxyType

import httpx

_DISCLOSED = re.compile(
    r"Traceback \(most recent call last\)|psycopg|SQLSTATE|/var/task/|site-packages"
    r"|\b(?:10\.\d+|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.\d+\.\d+\b"
)
_EVALUATES = re.compile(r"\beval\(|\bnew Function\(|document\.write\(")
_OTHER_SCRIPT = re.compile(r'<script[^>]+src="(?:https?:)?//')
_VERSION = re.compile(r"/\d|\d+\.\d+")


def _kind(response: httpx.Response) -> str:
    return str(response.headers.get("Content-Type", "")).partition(";")[0]


def _is_page(response: httpx.Response) -> bool:
    return _kind(response) == "text/html"


def _policy(response: httpx.Response) -> str:
    return str(response.headers.get("Content-Security-Policy", ""))


def _may_be_framed(response: httpx.Response) -> bool:
    return response.headers.get("X-Frame-Options", "").upper() not in (
        "DENY",
        "SAMEORIGIN",
    ) and "frame-ancestors" not in _policy(response)


def _is_kept(response: httpx.Response) -> bool:
    control = response.headers.get("Cache-Control", "")
    return "no-store" not in control and "no-cache" not in control


def _has_loose_cookie(response: httpx.Response) -> bool:
    return any(
        not all(flag in cookie.lower() for flag in ("httponly", "secure", "samesite"))
        for cookie in response.headers.get_list("Set-Cookie")
    )


def _tells_version(response: httpx.Response) -> bool:
    server = response.headers.get("Server", "")
    return bool(_VERSION.search(server)) or "X-Powered-By" in response.headers


def _allows_all(response: httpx.Response) -> bool:
    origin = response.headers.get("Access-Control-Allow-Origin")
    allows_credentials = response.headers.get("Access-Control-Allow-Credentials") == "true"
    reflects = origin is not None and origin == response.request.headers.get("Origin")
    return bool((origin == "*" and allows_credentials) or reflects)


def _has_loose_policy(response: httpx.Response) -> bool:
    """Whether it is a page without a policy, or with one that allows what a page injects.

    A page whose scripts are inline names the hash of each.
    """
    policy = _policy(response)
    loose = not policy or "unsafe-eval" in policy or "default-src 'none'" not in policy
    scripts = re.search(r"script-src[^;]*", policy)
    return _is_page(response) and (loose or bool(scripts and "unsafe-inline" in scripts[0]))


_RULES: MappingProxyType[str, Callable[[httpx.Response], bool]] = MappingProxyType(
    {
        "10015 it may be kept by caches": _is_kept,
        "10017 a script of another host": lambda response: (
            _is_page(response) and bool(_OTHER_SCRIPT.search(response.text))
        ),
        "10019 no content type": lambda response: bool(response.content) and not _kind(response),
        "10020 it may be framed": _may_be_framed,
        "10021 its type may be guessed": lambda response: (
            response.headers.get("X-Content-Type-Options") != "nosniff"
        ),
        "10023 it discloses an internal error or address": lambda response: (
            "javascript" not in _kind(response) and bool(_DISCLOSED.search(response.text))
        ),
        "10035 no HSTS": lambda response: (
            response.url.scheme == "https"
            and "max-age=" not in response.headers.get("Strict-Transport-Security", "")
        ),
        "10036 the server tells its version": _tells_version,
        "10038 no strict content security policy": _has_loose_policy,
        "10054 a cookie without flags": _has_loose_cookie,
        "10063 no permissions policy": lambda response: (
            _is_page(response) and "Permissions-Policy" not in response.headers
        ),
        "10098 pages of every origin read it": _allows_all,
        "10105 a password is asked for": lambda response: (
            response.headers.get("WWW-Authenticate", "").lower().startswith("basic")
        ),
        "10110 a script evaluates text": lambda response: (
            "javascript" in _kind(response) and bool(_EVALUATES.search(response.text))
        ),
        "90022 an internal error": lambda response: (
            response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR
        ),
    }
)


def findings(response: httpx.Response) -> Iterator[str]:
    """Each rule that the response breaks, with where."""
    where = f"{response.request.method} {response.url.copy_with(query=None)}"
    for rule, is_broken in _RULES.items():
        if is_broken(response):
            yield f"{rule}: {where} ({response.status_code})"
