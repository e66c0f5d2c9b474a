"""A short load on an API: as many requests as given, no longer than they take."""

import statistics
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import httpx

from infra.delivery.tools import ToolError

_PATHS = ("/datasets", "/health/deep", "/jobs?limit=1")
# As the alarms have them: percent of requests, and seconds.
_MOST_ERRORS_PERCENT = 1.0
_MOST_SECONDS = 2.0


class Outcome(NamedTuple):
    """Of all requests."""

    requests: int
    errors: int
    p95_seconds: float

    def __str__(self) -> str:
        return f"{self.requests} requests, {self.errors} errors, p95 {self.p95_seconds:.3f} s"


def load(api: str, headers: Mapping[str, str], *, requests: int = 400, at_once: int = 8) -> Outcome:
    """Send `requests` reads, `at_once` at a time.

    Raises:
        ToolError: more than 1 % failed, or the p95 is 2 s or more.
    """
    with (
        httpx.Client(base_url=api.rstrip("/"), headers=dict(headers), timeout=30) as http,
        ThreadPoolExecutor(at_once) as pool,
    ):
        answers = list(pool.map(lambda n: _get(http, _PATHS[n % len(_PATHS)]), range(requests)))
    p95 = statistics.quantiles((seconds for _, seconds in answers), n=20)[-1]
    outcome = Outcome(requests, sum(not fine for fine, _ in answers), p95)
    if outcome.errors * 100 > _MOST_ERRORS_PERCENT * requests or p95 >= _MOST_SECONDS:
        raise ToolError(f"too slow or too many errors: {outcome}")
    return outcome


def _get(http: httpx.Client, path: str) -> tuple[bool, float]:
    begun = time.perf_counter()
    try:
        fine = http.get(path).status_code == httpx.codes.OK
    except httpx.HTTPError:
        fine = False
    return fine, time.perf_counter() - begun
