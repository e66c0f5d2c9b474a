"""The deployed local stack, private to this session of tests.

It comes up through the same code as `waybill up`, beside whatever stack the developer runs:
its own home, its own ports; it is erased at the end.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from infra.local.clients import Clients
from infra.local.databases import EmbeddedDatabase
from infra.local.postgres import Postgres
from infra.local.stack import Stack
from infra.local.status import Status
from tests.e2e.console_page import open_browser, open_page
from tests.e2e.faults import Operator, until
from tests.own_stack import own_stack
from waybill_client import Waybill
from waybill_client.bearer_auth import BearerAuth

_FOLDER = Path(__file__).parent
_PAGE_MILLISECONDS = 120_000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the generated requests after the others: they leave jobs in the shared stack."""
    places = [place for place, item in enumerate(items) if item.path.parent == _FOLDER]
    ours = sorted(
        (items[place] for place in places),
        key=lambda item: item.path.name == "test_described_api.py",
    )
    for place, item in zip(places, ours, strict=True):
        items[place] = item


@pytest.fixture(scope="session")
def local_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The running stack; a test may stop and start it, and leaves it up."""
    with own_stack(tmp_path_factory.mktemp("stack"), print) as stack:
        yield stack


@pytest.fixture(scope="session")
def stack(local_stack: Stack) -> Status:
    """Where everything of the running stack is, without the token: it ends before the tests."""
    return local_stack.status().model_copy(update={"token": None})


@pytest.fixture(scope="session")
def api(stack: Status) -> str:
    """The API's base address, with its stage and without a slash at the end."""
    return str(stack.api)


@pytest.fixture(scope="session")
def token(local_stack: Stack) -> Callable[[], str]:
    """Gives an administrator's token."""
    return local_stack.issuer().fresh_token


@pytest.fixture
def waybill(api: str, token: Callable[[], str]) -> Iterator[Waybill]:
    """The typed client of the running stack, as an administrator."""
    with Waybill(api, token=token) as client:
        yield client


@pytest.fixture
def http(api: str, token: Callable[[], str]) -> Iterator[httpx.Client]:
    """Plain requests to the API, as an administrator."""
    with httpx.Client(base_url=api, auth=BearerAuth(token), timeout=90) as client:
        yield client


@pytest.fixture(scope="session")
def aws(local_stack: Stack) -> Clients:
    """AWS clients of the running emulator, as its administrator: `aws("s3")`."""
    return local_stack.clients()


def _kept(aws: Clients) -> set[str]:
    """The functions of which a process has kept its metrics."""
    s3, bucket = aws("s3"), "waybill-local-state"
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="metrics/processes/").get("Contents", [])
    bodies = [s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read() for one in listed]
    return {json.loads(body)["function"] for body in bodies}


@pytest.fixture
def operator(aws: Clients, http: httpx.Client) -> Operator:
    # A process that is still being started would not see the variables of a test.
    until(lambda: {"plan", "load", "merge"} <= _kept(aws), "the functions are not warm")
    return Operator(aws, http)


@pytest.fixture
def server(local_stack: Stack) -> Iterator[Postgres]:
    """The stack's PostgreSQL; it runs again after the test."""
    assert isinstance(local_stack.database, EmbeddedDatabase)
    server = local_stack.database.server
    port = server.port()
    yield server
    server.start(port)


@pytest.fixture
def admin(stack: Status) -> Iterator[psycopg.Connection]:
    with psycopg.connect(str(stack.database_url), autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Headless Chromium."""
    with open_browser() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, stack: Status) -> Iterator[Page]:
    """The console, as an administrator; fails if the page had a fault."""
    with open_page(browser, str(stack.console)) as page:
        page.set_default_timeout(_PAGE_MILLISECONDS)
        expect.set_options(timeout=_PAGE_MILLISECONDS)
        page.goto(str(stack.console))
        yield page
