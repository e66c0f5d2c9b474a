"""Handler time of a lookup by each strategy, under 1, 10 and 100 clients at once.

`python -m tests.benchmarks.lookup_latency [--rows 1000000] [--seconds 5] [--clients 1 10 100]`
(and `--chart file.svg`; `--home folder` for the users that `make sample-users` has loaded into a
local stack with this home, which is stopped)

Users are asked for by a Zipf distribution (`--exponent 1.4`): few of them often. Clients share as
many processes as the function has environments at most, as requests do; each handles one request
at a time. `cached` is measured after `--warm-up` seconds with an empty cache. A scan runs into the
function's time limit where many clients share few cores; such requests are counted as failed.
"""

import argparse
import hashlib
import json
import logging
import os
from functools import cache
from pathlib import Path

import numpy as np

from infra.concurrency import reserved_concurrency
from infra.environments import ENVIRONMENTS
from tests.benchmarks.bar_chart import bar_chart
from tests.benchmarks.lookup_clients import Load, Outcome, Server, run_clients
from tests.benchmarks.measure import percentile, say
from tests.benchmarks.users import filled_server, stopped_stack
from waybill.cache.entries import Entries, Key
from waybill.cache.in_process import InProcessStore

# Figures of the study that this one follows, in milliseconds.
PUBLISHED = {"scan": 8000, "indexed": 120, "partial": 85, "composite": 95, "cached": 12}
CLIENTS = (1, 10, 100)
_HEAD = (
    "| clients | strategy | p50 ms | p95 ms | p99 ms | requests/s | CPU ms | rows scanned | hits |"
    " failed |"
)
# More than are sent: the same ones again would all be hits.
_KEYS = 600_000
_EXPONENT = 1.4
_RESERVED = reserved_concurrency(ENVIRONMENTS["prod"]) or {}
_ENVIRONMENTS = _RESERVED["lookups"]


@cache
def _weights(rows: int, exponent: float) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    return np.cumsum(np.arange(1, rows + 1, dtype=np.float64) ** -exponent)


def draw(rows: int, exponent: float, count: int, seed: int) -> list[int]:
    """Numbers of users by a Zipf distribution over all of them."""
    weights = _weights(rows, exponent)
    drawn = np.random.default_rng(seed).random(count) * weights[-1]
    ranks = np.searchsorted(weights, drawn)
    # The popular ones are all over the table.
    return [int(rank * 7_919 % rows) + 1 for rank in ranks]


def _requests(users: int, exponent: float, clients: int) -> list[list[int]]:
    """What each environment is asked for: its clients' users in turn."""
    drawn = [draw(users, exponent, _KEYS // clients, seed) for seed in range(clients)]
    return [
        [number for turn in zip(*drawn[first::_ENVIRONMENTS], strict=True) for number in turn]
        for first in range(min(clients, _ENVIRONMENTS))
    ]


def line(strategy: str, clients: int, outcome: Outcome) -> str:
    """A line of the table."""
    times = outcome.milliseconds
    if not times:
        return f"| {clients} | `{strategy}` | | | | | | | | {outcome.failed} |"
    figures = [f"{percentile(times, share):,.2f}" for share in (0.5, 0.95, 0.99)]
    rate = len(times) / outcome.seconds
    hits = outcome.statuses["hit"] / len(times)
    shown = f"{hits:.1%}" if strategy == "cached" else ""
    return (
        f"| {clients} | `{strategy}` | {' | '.join(figures)} | {rate:,.0f} |"
        f" {outcome.cpu_milliseconds:,.2f} | {outcome.rows_scanned:,.0f} | {shown} |"
        f" {outcome.failed or ''} |"
    )


def measure(server: Server, settings: argparse.Namespace) -> dict[str, list[float]]:
    """Print the table; return the p95 of each strategy by number of clients."""
    late: dict[str, list[float]] = {strategy: [] for strategy in PUBLISHED}
    say(_HEAD)
    say("| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for clients in settings.clients:
        numbers = _requests(server.users, settings.exponent, clients)
        for strategy in PUBLISHED:
            warm_up = settings.warm_up if strategy == "cached" else 0.0
            outcome = run_clients(server, Load(strategy, settings.seconds, warm_up), numbers)
            say(line(strategy, clients, outcome))
            times = outcome.milliseconds
            late[strategy].append(percentile(times, 0.95) if times else 0.0)
    return late


def hit_rate(users: int, exponent: float, requests: int) -> float:
    """Share of hits in a process's own cache, after as many requests as are counted.

    The rows are not read from a database: how often that is necessary does not depend on it.
    """
    entries = Entries(InProcessStore(), 300)
    row = json.dumps({"id": users, "name": f"User {users}", "email": f"email{users}@example.com",
                      "status": "active", "created_at": "2026-01-01T00:00:00+00:00"})  # fmt: skip
    hits = 0
    for place, number in enumerate(draw(users, exponent, 2 * requests, 1)):
        parts = {"strategy": "cached", "values": hashlib.sha256(str(number).encode()).hexdigest()}
        found = entries.read(Key("users:email", parts, "all"), "1", lambda: row)
        hits += found.hit and place >= requests
    return hits / requests


def main() -> None:
    """Print the table, the hit rates and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--clients", type=int, nargs="+", default=CLIENTS)
    parser.add_argument("--exponent", type=float, default=_EXPONENT)
    parser.add_argument("--warm-up", type=float, default=30.0)
    parser.add_argument("--requests", type=int, default=500_000, help="to count cache hits in")
    parser.add_argument("--chart", type=Path)
    parser.add_argument("--home", type=Path)
    arguments = parser.parse_args()
    logging.getLogger("waybill").setLevel(logging.ERROR)
    users = stopped_stack(arguments.home) if arguments.home else filled_server(arguments.rows)
    with users as server:
        say(f"{server.users:,} users, load average {os.getloadavg()[0]:.1f}")
        late = measure(server, arguments)
        say(f"load average {os.getloadavg()[0]:.1f}")
    for exponent in (1.0, 1.1, 1.2, 1.3, 1.4, 1.5):
        share = hit_rate(server.users, exponent, arguments.requests)
        say(f"Zipf {exponent}: {share:.1%} hits of {arguments.requests:,} requests")
    scan, indexed, cached = (late[name][0] for name in ("scan", "indexed", "cached"))
    ratio = f"{scan / cached:,.0f} : {indexed / cached:,.1f} : 1"
    say(f"p95 of one client, scan : indexed : cached = {ratio}")
    if arguments.chart:
        bars = {name: [*values, PUBLISHED[name]] for name, values in late.items()}
        names = [f"p95, {count} clients" for count in arguments.clients]
        title = f"A lookup among {server.users:,} users"
        arguments.chart.write_text(bar_chart(title, "ms", bars, [*names, "published"]))


if __name__ == "__main__":
    main()
