"""A passive scan of a running API and its console, by rules of OWASP ZAP's baseline.

It sends reads only. Each finding has the number that ZAP gives the rule.
"""

import re
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

import httpx

from infra.delivery.scan_rules import findings
from infra.delivery.tools import ToolError

_CONSOLE_API = "/api/v1"
# Plain paths only: scripts also put links together.
_LINKED = re.compile(r'(?:src|href)="([\w./?=&-]+)"')
_IMPORTED = re.compile(r'(?:from|import)\s*"(\./[^"]+)"')
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_NO_SUCH = "01900000-0000-7000-8000-000000000000"
# Existing values, so that the pages behind them are seen; others are refused, which is seen too.
_VALUES = {"dataset": "departments", "name": "departments", "strategy": "scan"}
_REQUESTS_AT_MOST = 500


def scan(api: str, token: str | None) -> str:
    """Look at each response; what was looked at.

    Args:
        api: URL of the API with its stage; below `/api/v1` there is a console beside it.
        token: of a caller who may read; without one, refusals are all that is seen.

    Raises:
        ToolError: there are findings, or there is no such API.
    """
    responses = list(_responses(api.rstrip("/"), token))
    found = sorted({finding for response in responses for finding in findings(response)})
    if found:
        raise ToolError("\n".join(found))
    return f"{len(responses)} responses, no findings"


def _responses(api: str, token: str | None) -> Iterator[httpx.Response]:
    with httpx.Client(timeout=30, headers={"Origin": "https://other.example"}) as client:
        try:
            described = client.get(f"{api}/openapi.json").raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            raise ToolError(f"{api}: there is no description of an API: {error}") from error
        for path in described["paths"]:
            url = api + _PLACEHOLDER.sub(lambda found: _VALUES.get(found[1], _NO_SUCH), path)
            yield client.get(url)
            yield client.options(url)
            yield client.request("PATCH", url)
            if token and "get" in described["paths"][path]:
                yield client.get(url, headers={"Authorization": f"Bearer {token}"})
        yield client.get(f"{api}/docs")
        yield client.get(f"{api}/no/such/path")
        yield client.get(f"{api}/jobs", headers={"Authorization": "Bearer invalid"})
        if urlsplit(api).path == _CONSOLE_API:
            yield from _pages(client, urljoin(api, "/"))


def _pages(client: httpx.Client, start: str) -> Iterator[httpx.Response]:
    """The console, and the files of its own that its pages and scripts name."""
    waiting, seen = [start, urljoin(start, "/assets/no-such-file.js")], set[str]()
    while waiting and len(seen) < _REQUESTS_AT_MOST:
        url = waiting.pop()
        if url in seen or urlsplit(url).netloc != urlsplit(start).netloc:
            continue
        seen.add(url)
        response = client.get(url)
        yield response
        # What a script links to is relative to the page, which is where it writes the link.
        waiting += [urljoin(start, name) for name in _LINKED.findall(response.text)]
        waiting += [urljoin(url, name) for name in _IMPORTED.findall(response.text)]
