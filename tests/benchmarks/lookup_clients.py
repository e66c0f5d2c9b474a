"""Clients that look users up all at once, each in a process of its own, as Lambda runs them."""

import json
import logging
import multiprocessing
import os
import resource
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from multiprocessing.connection import Connection as Pipe
from multiprocessing.synchronize import Barrier
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple
from unittest.mock import patch

import psutil

from functions.api.lookups.deps import deps
from functions.api.lookups.handler import handle
from tests.cloud.lambda_events import Context
from waybill.contract.model import Contract

_EVENT = json.loads((Path(__file__).parents[2] / "events" / "lookups.json").read_text())
_FORK = multiprocessing.get_context("fork")


class Server(NamedTuple):
    """Where the users are."""

    environment: Mapping[str, str]
    """The function's, without its secret."""
    password: str
    """Of the function's role."""
    contract: Contract
    users: int


class Load(NamedTuple):
    """What each client does: one strategy, for so many seconds and at least one request."""

    strategy: str
    seconds: float
    warm_up_seconds: float = 0.0


class _Client(NamedTuple):
    """What a client works with."""

    server: Server
    load: Load
    numbers: Sequence[int]
    barrier: Barrier
    pipe: Pipe


class Outcome(NamedTuple):
    """What all clients saw."""

    milliseconds: list[float]
    """Handler time of each request with 200."""
    failed: int
    statuses: Counter[str]
    """Requests by cache status."""
    rows_scanned: float
    """Of a request, on average."""
    cpu_milliseconds: float
    """Of a request, in the function and in the server together."""
    seconds: float


def run_clients(server: Server, load: Load, numbers: Sequence[Sequence[int]]) -> Outcome:
    """Run a client for each sequence of user numbers that it asks for, over and over."""
    barrier = _FORK.Barrier(len(numbers))
    pipes, processes = [], []
    for own in numbers:
        mine, theirs = _FORK.Pipe()
        client = _Client(server, load, own, barrier, theirs)
        process = _FORK.Process(target=_run, args=(client,))
        process.start()
        pipes.append(mine)
        processes.append(process)
    results = [pipe.recv() for pipe in pipes]
    for process in processes:
        process.join()
    times = [time for result in results for time in result["times"]]
    count = max(1, len(times))
    return Outcome(
        times,
        sum(result["failed"] for result in results),
        sum((result["statuses"] for result in results), Counter()),
        sum(result["rows"] for result in results) / count,
        1000 * sum(result["cpu"] for result in results) / count,
        max(result["seconds"] for result in results),
    )


def _run(client: _Client) -> None:
    logging.disable(logging.CRITICAL)
    contracts = SimpleNamespace(get=lambda _name: client.server.contract)
    environment = {
        **client.server.environment,
        "DATABASE_SECRET_ARN": "local",
        "STATE_BUCKET": "none",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with (
        patch.dict(os.environ, environment),
        patch("waybill.database.connect._secret", lambda _: client.server.password),
        patch(
            "functions.api.lookups.deps.StateBucket",
            lambda *_: SimpleNamespace(contracts=contracts),
        ),
    ):
        client.pipe.send(_measure(client.load, client.numbers, client.barrier))


def _measure(load: Load, numbers: Sequence[int], barrier: Barrier) -> Mapping[str, Any]:
    sent = 0
    # The role has fewer connections than there may be clients: those without one are refused.
    connected = _ask("indexed", numbers[0])[0] == HTTPStatus.OK
    backend = _backend() if connected else None
    barrier.wait()
    ends = time.monotonic() + load.warm_up_seconds
    while time.monotonic() < ends:
        _ask(load.strategy, numbers[sent % len(numbers)])
        sent += 1
    times: list[float] = []
    statuses: Counter[str] = Counter()
    failed = rows = 0
    cpu, started = _cpu(backend), time.monotonic()
    while not sent or not (times or failed) or time.monotonic() - started < load.seconds:
        begun = time.perf_counter()
        status, found = _ask(load.strategy, numbers[sent % len(numbers)])
        took = (time.perf_counter() - begun) * 1000
        sent += 1
        if status == 200:
            times.append(took)
            statuses[found["cache_status"]] += 1
            rows += found["rows_scanned"]
        else:
            failed += 1
    return {
        "times": times, "failed": failed, "statuses": statuses, "rows": rows,
        "cpu": _cpu(backend) - cpu, "seconds": time.monotonic() - started,
    }  # fmt: skip


def _ask(strategy: str, number: int) -> tuple[int, dict[str, Any]]:
    path = f"/users/{strategy}"
    query = {"email": f"email{number}@example.com"}
    response = handle(
        {
            **_EVENT,
            "path": path,
            "queryStringParameters": query,
            "multiValueQueryStringParameters": {name: [value] for name, value in query.items()},
            "requestContext": {**_EVENT["requestContext"], "path": f"/v1{path}"},
        },
        Context(),
    )
    return response["statusCode"], json.loads(response["body"])


def _backend() -> psutil.Process:
    return psutil.Process(deps().database.run(lambda connection: connection.info.backend_pid))


def _cpu(backend: psutil.Process | None) -> float:
    """CPU seconds of this process and of its server process."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    if backend is None:
        return own.ru_utime + own.ru_stime
    server = backend.cpu_times()
    return own.ru_utime + own.ru_stime + server.user + server.system
