"""The deployed local stack, private to this session of tests.

It comes up through the same code as `waybill up`, beside whatever stack the developer runs:
its own home, its own ports; it is erased at the end.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from infra.local.clients import Clients
from infra.local.postgres import free_port
from infra.local.settings import LocalSettings
from infra.local.stack import Stack
from infra.local.status import Status
from waybill_client import Waybill
from waybill_client.bearer_auth import BearerAuth

_FOLDER = Path(__file__).parent


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
    settings = LocalSettings(
        waybill_home=tmp_path_factory.mktemp("stack") / "home",
        waybill_port=free_port(),
        waybill_database_port=free_port(),
    )
    stack = Stack(settings, print)
    try:
        stack.up()
        yield stack
    finally:
        stack.down(erase=True)


@pytest.fixture(scope="session")
def stack(local_stack: Stack) -> Status:
    """Where everything of the running stack is."""
    return local_stack.status()


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
    with httpx.Client(base_url=api, auth=BearerAuth(token), timeout=30) as client:
        yield client


@pytest.fixture(scope="session")
def aws(local_stack: Stack) -> Clients:
    """AWS clients of the running emulator, as its administrator: `aws("s3")`."""
    return local_stack.clients()
