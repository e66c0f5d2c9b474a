"""Upload accepted → visible in analytics, on the running local stack, over HTTP.

`python -m tests.benchmarks.visible_in_analytics [--rows 2000] [--rounds 5]`

It needs `make up`, and adds departments, jobs and hires of its own (ids from 900,000,000, hires
of the year 1970) to that stack.
"""

import argparse
import json
import statistics
import subprocess
import time
from typing import Any

import httpx

from tests.benchmarks.measure import say

_FIRST_ID = 900_000_000
_YEAR = 1970
_PATIENCE_SECONDS = 60.0


def _api() -> httpx.Client:
    command = ["make", "-s", "status"]
    found = subprocess.run(command, check=True, capture_output=True, text=True)
    status = json.loads(found.stdout)
    if status["state"] != "up":
        raise SystemExit("The local stack does not run; start it with `make up`.")
    headers = {"Authorization": f"Bearer {status['token']}"}
    return httpx.Client(base_url=status["api"], headers=headers, timeout=30)


def _upload(api: httpx.Client, dataset: str, lines: list[str]) -> str:
    """Upload a file of these lines; the job's id once S3 has taken it."""
    content = "".join(f"{line}\n" for line in lines).encode()
    request = {"filename": f"{dataset}.csv", "size_bytes": len(content)}
    accepted: dict[str, Any] = (
        api.post(f"uploads/{dataset}", json=request).raise_for_status().json()
    )
    form = httpx.post(accepted["url"], data=accepted["fields"], files={"file": content})
    form.raise_for_status()
    return str(accepted["job_id"])


def _await_visible(api: httpx.Client, job_id: str) -> dict[str, Any]:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    query: dict[str, str | int] = {"year": _YEAR, "min_job": job_id}
    while True:
        response = api.get("analytics/hired/by-quarter", params=query)
        if response.status_code not in (404, 503) or time.monotonic() > deadline:
            return dict(response.raise_for_status().json())


def _hires(first: int, rows: int) -> list[str]:
    return [
        f"{number},Somebody,{_YEAR}-{1 + number % 12:02d}-01T00:00:00Z,{_FIRST_ID},{_FIRST_ID}"
        for number in range(first, first + rows)
    ]


def main() -> None:
    """Print the median of the rounds, in seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with _api() as api:
        for dataset in ("departments", "jobs"):
            _await_visible(api, _upload(api, dataset, [f"{_FIRST_ID},Benchmark"]))
        # New ids each time, so that the rows are inserted and not found unchanged.
        first = _FIRST_ID + int(time.time()) % 10_000_000 * 100
        times = []
        for number in range(arguments.rounds):
            job_id = _upload(
                api, "hired_employees", _hires(first + number * arguments.rows, arguments.rows)
            )
            accepted = time.perf_counter()
            _await_visible(api, job_id)
            times.append(time.perf_counter() - accepted)
    say("  ".join(f"{one:.2f}" for one in times))
    say(f"accepted to visible, {arguments.rows} rows: median {statistics.median(times):.2f} s")


if __name__ == "__main__":
    main()
