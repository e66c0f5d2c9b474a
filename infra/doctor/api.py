"""Checks of an API, as its client sees it: local or on AWS."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx

from infra.doctor.figures import raised
from infra.doctor.findings import Check, Finding, ok, unknown, wrong

# Signatures are refused beyond.
_CLOCK_SECONDS = 300
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_REFUSED = (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)
_OTHER_CREDENTIALS = "Set WAYBILL_TOKEN to a valid token."
EXPECTED = (httpx.HTTPError, OSError, ValueError)


class ApiChecks:
    """The checks of the API at `api`, its base URL with the stage."""

    def __init__(self, api: str, http: httpx.Client) -> None:
        self._api = api.rstrip("/")
        self._http = http

    def all(self) -> Iterator[tuple[str, Check]]:
        """Each check by name; the later ones need the earlier ones to be ok."""
        yield "address", self.address
        yield "api", self.description
        yield "clock", self.clock
        yield "health", self.health
        yield "datasets", self.datasets
        yield "figures", self.figures

    def address(self) -> Finding:
        """The address is one of a host that exists, and is encrypted unless it is local."""
        parts = urlsplit(self._api)
        host = parts.hostname or ""
        if parts.scheme != "https" and host not in _LOOPBACK:
            return wrong("address", self._api, "Use https: requests carry a token.")
        try:
            socket.getaddrinfo(host, parts.port or 443)
        except OSError:
            advice = "Set WAYBILL_API to the base URL of the API, with its stage."
            return wrong("address", f"there is no host {host!r}", advice)
        return ok("address", self._api)

    def description(self) -> Finding:
        """The address is that of Waybill's API, with the stage."""
        response = self._http.get(f"{self._api}/openapi.json")
        is_json = "json" in response.headers.get("content-type", "")
        if response.status_code == httpx.codes.OK and is_json:
            info = response.json().get("info", {})
            if info.get("title") == "Waybill":
                return ok("api", f"Waybill, API version {info.get('version')}")
        found = f"{self._api}/openapi.json answers {response.status_code}"
        return wrong("api", found, "Check the address: it ends with the stage, as in …/v1.")

    def clock(self) -> Finding:
        """This machine's clock is near the service's."""
        response = self._http.get(f"{self._api}/openapi.json")
        if "date" not in response.headers:
            return unknown("clock", "the response has no Date", "Compare it with a time server.")
        served = parsedate_to_datetime(response.headers["date"])
        seconds = abs((datetime.now(UTC) - served).total_seconds())
        if seconds > _CLOCK_SECONDS:
            found = f"this machine's clock is {seconds:.0f} s off"
            return wrong("clock", found, "Set it: presigned requests and tokens would be refused.")
        return ok("clock", f"{seconds:.0f} s apart")

    def health(self) -> Finding:
        """Database and storage answer, and the jobs move."""
        response = self._http.get(f"{self._api}/health/deep")
        if response.status_code in _REFUSED:
            found = f"GET /health/deep answers {response.status_code}"
            return wrong("health", found, _OTHER_CREDENTIALS)
        report = response.json()
        if report.get("status") == "ok":
            return ok("health", "ok")
        down = [name for name, one in report.get("checks", {}).items() if one["status"] == "down"]
        advice = {
            "database": "look at the database's state and log",
            "jobs": "GET /jobs?state=MERGING (or LOADING, LANDED), then GET /jobs/{job_id}/runs",
        }
        logs = "look at {} in the functions' logs"
        said = "; ".join(advice.get(name, logs.format(name)) for name in down)
        found = f"{report.get('status')}: {', '.join(down) or 'no details'}"
        return wrong("health", found, f"{said or 'Look at the functions'} (`make logs`).")

    def datasets(self) -> Finding:
        """The credentials are accepted, and there is something to load into."""
        response = self._http.get(f"{self._api}/datasets")
        if response.status_code in _REFUSED:
            found = f"GET /datasets answers {response.status_code}"
            return wrong("datasets", found, _OTHER_CREDENTIALS)
        items = response.raise_for_status().json()["items"]
        if not items:
            advice = "Add one to sql/datasets/ and deploy, or run `make migrate`."
            return wrong("datasets", "there is no dataset", advice)
        return ok("datasets", ", ".join(str(one["name"]) for one in items))

    def figures(self) -> Finding:
        """No figure is at the threshold of its alarm; environments without alarms have this."""
        response = self._http.get(f"{self._api}/metrics")
        if response.status_code in _REFUSED:
            found = f"GET /metrics answers {response.status_code}"
            return unknown("figures", found, "They take a token of a reader of all datasets.")
        reached = dict(raised(response.raise_for_status().text))
        if reached:
            names = sorted(set(reached.values()))
            pages = ", ".join(f"infra/runbooks/{name}.md" for name in names)
            return wrong("figures", "; ".join(reached), f"Follow {pages}.")
        return ok("figures", "none is at the threshold of an alarm")
