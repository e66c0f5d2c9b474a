"""The fixtures that every folder of tests may use, and which tests run in one process."""

import pytest
from xdist.remote import Producer
from xdist.scheduler.loadscope import LoadScopeScheduling

pytest_plugins = [
    "tests.end_on_sigterm",
    "tests.measured",
    "tests.cloud.fixtures",
    "tests.cloud.log_lines",
    "tests.integration.path.fixtures",
    "tests.postgres.fixtures",
    "tests.stateful.fixtures",
    "tests.unit.http.api_client",
]

# They share the deployed stack, the synthesised environments and the built layers.
_DEPLOYED = ("tests/e2e/", "tests/infra/")


class _WholeFiles(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types
    """Each process takes whole files; those of `_DEPLOYED` are taken by one process."""

    def _split_scope(self, nodeid: str) -> str:
        return "deployed" if nodeid.startswith(_DEPLOYED) else nodeid.partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """How several processes share the tests."""
    return _WholeFiles(config, log)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes are not part of a test's name: compressed ones differ from process to process."""
    return argname if isinstance(val, bytes) and not val.isascii() else None
