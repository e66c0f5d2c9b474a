"""Many users at once, on the handlers alone and on a local stack: `locust`, ramped.

`python -m tests.benchmarks.users_at_once [--users 1000] [--think 4-6] [--only handlers] [--keep]`

"Handlers" are processes that answer one request at a time, as sandboxes of Lambda do, with a real
database of 200,000 hires and nothing between them and locust; their number is what grows. The local
stack has everything in the path: the emulator's gateway, the authorizer, the functions. Locust runs
on the same cores. `.build/peers/bin/pip install -r tests/benchmarks/loaders/requirements.txt`
installs it.
"""

import argparse
import csv
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from functions.pipeline.refresh.refresh_stale import refresh_stale
from infra.local.postgres import free_port
from tests.benchmarks.company import company
from tests.benchmarks.kept import machine, machine_line, table, write_data, write_part
from tests.benchmarks.load_peers import BIN
from tests.benchmarks.measure import say
from tests.own_stack import own_stack

_NAME = "users_at_once"
_LOCUST = BIN / "locust"
_SCRIPT = Path(__file__).parent / "loaders" / "locustfile.py"
_START_SECONDS = 60.0
_FIGURES = ("p50_ms", "p95_ms", "p99_ms", "requests", "errors")
_PATH = "/analytics/hired/by-quarter?year=2021"


def locust(host: str, options: argparse.Namespace, users: int, token: str = "") -> dict[str, Any]:
    """Ramp the users up, hold them, and sum up the requests after the ramp."""
    with tempfile.TemporaryDirectory() as folder:
        command: list[str | Path] = [
            _LOCUST,
            "--headless",
            "--only-summary",
            "--reset-stats",
            "-f",
            _SCRIPT,
        ]
        command += [
            "--users",
            str(users),
            "--spawn-rate",
            str(users / options.ramp),
        ]
        command += ["--run-time", f"{options.ramp + options.hold}s", "--host", host]
        command += ["--csv", str(Path(folder) / "run")]
        environment = {**os.environ, "LOCUST_TOKEN": token, "LOCUST_THINK": options.think}
        environment["PYTHONPATH"] = ""
        # It exits with 1 if any request failed; those are counted below.
        done = subprocess.run(
            command, check=False, env=environment, cwd=folder, capture_output=True, text=True
        )
        stats = Path(folder) / "run_stats.csv"
        if not stats.exists():
            sys.exit(done.stderr[-2000:])
        (total,) = (row for row in csv.DictReader(stats.open()) if row["Name"] == "Aggregated")
    return {
        "requests": int(total["Request Count"]),
        "errors": int(total["Failure Count"]),
        "per_second": round(float(total["Requests/s"]), 1),
        # None if no request has ended.
        **{f"p{share}_ms": _number(total[f"{share}%"]) for share in (50, 95, 99)},
    }


def _number(text: str) -> int | None:
    return None if text == "N/A" else int(float(text))


@contextmanager
def handlers(environment: Mapping[str, str], workers: int) -> Iterator[str]:
    """So many processes on one port; its address."""
    port = free_port()
    command = [sys.executable, "-m", "tests.benchmarks.loaders.serve_handlers", str(port)]
    started = [
        subprocess.Popen(
            command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=None
        )
        for _ in range(workers)
    ]
    try:
        _await_answers(f"http://127.0.0.1:{port}", 4 * workers)
        yield f"http://127.0.0.1:{port}"
    finally:
        for one in started:
            one.terminate()
        for one in started:
            one.wait()


def _await_answers(address: str, requests: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    answered = 0
    while answered < requests:
        try:
            httpx.get(address + _PATH, timeout=30).raise_for_status()
            answered += 1
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def on_handlers(options: argparse.Namespace) -> dict[str, Any]:
    """By number of workers."""
    found = {}
    with company(options.rows) as database:
        with database.connect("waybill_refresh") as refresher:
            refresh_stale(refresher, seconds=3600)
        environment = {
            **database.environment("waybill_analytics"),
            "DATABASE_SECRET_ARN": "local",
            "LANDING_BUCKET": "landing",
            "STATE_BUCKET": "state",
            "AWS_DEFAULT_REGION": "us-east-1",
            "POWERTOOLS_TRACE_DISABLED": "true",
        }
        for workers in options.workers:
            name = f"{workers} worker{'s' * (workers > 1)}"
            with handlers(environment, workers) as address:
                found[name] = locust(address, options, options.users)
            say(f"{name}: {found[name]}")
    return found


def on_stack(options: argparse.Namespace) -> dict[str, Any]:
    """On a local stack of its own, with the sample files."""
    found = {}
    with (
        tempfile.TemporaryDirectory(prefix="waybill-benchmark-") as folder,
        own_stack(Path(folder), say) as stack,
    ):
        for users in options.stack_users:
            name = f"local stack, {users:,} users"
            token = stack.issuer().fresh_token()
            found[name] = locust(str(stack.status().api), options, users, token)
            say(f"{name}: {found[name]}")
    return found


def page(data: Mapping[str, Any]) -> str:
    """The table of the page."""
    rows = [
        [
            name,
            f"{one['per_second']:,.1f}",
            *("-" if one[key] is None else f"{one[key]:,}" for key in _FIGURES),
        ]
        for name, one in data["runs"].items()
    ]
    header = ["", "requests/s", "p50 ms", "p95 ms", "p99 ms", "requests", "errors"]
    return f"{machine_line(data['machine'])}\n\n{table(header, rows)}"


def main() -> None:
    """Run both, print, and with `--keep` write data and page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=1000)
    parser.add_argument("--stack-users", type=int, nargs="+", default=[20, 1000])
    parser.add_argument("--think", default="4-6", help="seconds between requests of a user")
    parser.add_argument("--ramp", type=int, default=20)
    parser.add_argument("--hold", type=int, default=40)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--only", choices=("handlers", "stack"))
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    if not _LOCUST.exists():
        say("locust is not installed; see the first lines of this file.")
        return
    about = machine()
    runs = on_handlers(options) if options.only != "stack" else {}
    runs |= on_stack(options) if options.only != "handlers" else {}
    data = {
        "machine": about,
        "options": {
            key: getattr(options, key) for key in ("users", "think", "ramp", "hold", "rows")
        },
        "runs": runs,
    }
    say(page(data))
    if options.keep:
        write_data(_NAME, data)
        write_part(_NAME, page(data))


if __name__ == "__main__":
    main()
