"""A paused database takes 15 to 30 s to resume; API Gateway waits for 29 s.

Each request is answered in that time: with its data, or with 503 and when to ask again.
"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx
import pytest

from infra.functions import FUNCTIONS
from infra.local.clients import Clients
from infra.local.databases import EmbeddedDatabase
from infra.local.stack import Stack
from infra.routes import ROUTES, Route
from tests.e2e.faults import variables
from tests.e2e.late_server import LateServer
from tests.e2e.test_access import assert_problem, bearer, send

pytestmark = pytest.mark.e2e
_RESUMES_SECONDS = 20
# What API Gateway waits for; the emulator waits for as long as the function's timeout.
_GATEWAY_SECONDS = 29
_DEEP = "/health/deep"
# Every read that needs the database, and a batch.
_READS = tuple(
    route
    for route in ROUTES
    if FUNCTIONS[route.function].role and route.rule.role and route.method == "GET"
)
_BATCH = Route("POST", "/batch/{dataset}", "batch")
_ROUTES = (*_READS, _BATCH)
_ROW = {"rows": [{"id": 931_001, "department": "Late"}]}


@pytest.fixture(params=[False, True], ids=["hangs", "refuses"])
def late(request: pytest.FixtureRequest, aws: Clients, local_stack: Stack) -> Iterator[LateServer]:
    """The stack's functions of the API find a database that is paused."""
    assert isinstance(local_stack.database, EmbeddedDatabase)
    target = local_stack.database.server.port()
    assert target
    with (
        LateServer(target, _RESUMES_SECONDS, refuses=request.param) as server,
        ExitStack() as functions,
    ):
        for name in sorted({route.function for route in _ROUTES}):
            values = {"DATABASE_PORT": str(server.port)}
            functions.enter_context(variables(aws, name, values))
        yield server


def test_every_request_is_answered_before_the_gateway_gives_up(
    api: str, local_stack: Stack, late: LateServer
) -> None:
    headers = bearer(local_stack.issuer().token("admin"))
    with (
        httpx.Client(base_url=api, timeout=_GATEWAY_SECONDS) as client,
        ThreadPoolExecutor(len(_ROUTES)) as pool,
    ):

        def served(route: Route) -> tuple[list[float], httpx.Response]:
            """The pauses that the API asked for, and its last response."""
            pauses: list[float] = []
            while True:
                if route is _BATCH:
                    response = client.post("/batch/departments", json=_ROW, headers=headers)
                else:
                    response = send(client, route, headers)
                if not _is_late(route, response):
                    return pauses, response
                pauses.append(float(response.headers.get("Retry-After", 1)))
                time.sleep(pauses[-1])

        results = dict(zip(_ROUTES, pool.map(served, _ROUTES), strict=True))
        asked = sum(len(pauses) for pauses, _ in results.values())
        for route, (pauses, response) in results.items():
            assert response.status_code < 500, (route, response.text)
            assert len(pauses) <= _RESUMES_SECONDS, route
        # Somebody had to wait for it, and refused requests have not knocked again and again.
        assert asked > 0
        assert 0 < late.attempts <= asked + len(_ROUTES)


def _is_late(route: Route, response: httpx.Response) -> bool:
    """Whether the database was not there; asserts how that is said."""
    if route.path == _DEEP:
        return bool(response.json()["checks"]["database"]["status"] == "down")
    if response.status_code != 503:
        return False
    assert_problem(response, 503, "database-unavailable")
    assert 1 <= float(response.headers["Retry-After"]) <= 10
    return True
