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
# More than the first request of a process makes within its patience of 3 s.
_FIRST_ATTEMPTS = 20
_ROUTES = (*_READS, next(route for route in ROUTES if route.function == "batch"))


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
    functions = sorted({route.function for route in _ROUTES})
    with (
        httpx.Client(base_url=api, timeout=120) as patient,
        httpx.Client(base_url=api, timeout=_GATEWAY_SECONDS) as client,
        ThreadPoolExecutor(len(functions)) as pool,
    ):

        def start(function: str) -> None:
            """A cold start is another matter; a parameter that is unknown needs no database."""
            route = next(route for route in _ROUTES if route.function == function)
            response = send(patient, route, headers, "?unknown=1")
            assert response.status_code == 422, (route, response.text)

        def serve(function: str) -> int:
            """Ask for each route until it is served; how often the API asked for patience."""
            pauses = 0
            for route in (route for route in _ROUTES if route.function == function):
                while _is_late(route, response := send(client, route, headers)):
                    pauses += 1
                    assert pauses <= _RESUMES_SECONDS, route
                    time.sleep(float(response.headers.get("Retry-After", 1)))
                assert response.status_code < 500, (route, response.text)
            return pauses

        list(pool.map(start, functions))
        assert late.attempts == 0
        pauses = sum(pool.map(serve, functions))
    # Somebody had to wait, and whoever was asked for patience has not reached the database.
    assert pauses > 0
    assert 0 < late.attempts <= 2 * pauses + _FIRST_ATTEMPTS * len(functions)


def _is_late(route: Route, response: httpx.Response) -> bool:
    """Whether the database was not there; asserts how that is said."""
    if route.path == _DEEP:
        return bool(response.json()["checks"]["database"]["status"] == "down")
    if response.status_code != 503:
        return False
    assert_problem(response, 503, "database-unavailable")
    assert 1 <= float(response.headers["Retry-After"]) <= 10
    return True
