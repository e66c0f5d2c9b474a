"""The fixtures that every folder of tests may use, and which tests run in one process."""

from pathlib import Path

import pytest

pytest_plugins = [
    "tests.cloud.fixtures",
    "tests.cloud.log_lines",
    "tests.integration.path.fixtures",
    "tests.postgres.fixtures",
    "tests.stateful.fixtures",
    "tests.unit.http.api_client",
]

_ROOT = Path(__file__).parent
# They share the deployed stack, the synthesised environments and the built layers.
_DEPLOYED = ("e2e", "infra")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where several processes share the work, each takes whole files, in the order within."""
    for item in items:
        place = item.path.relative_to(_ROOT)
        group = "deployed" if place.parts[0] in _DEPLOYED else str(place)
        item.add_marker(pytest.mark.xdist_group(group))


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes are not part of a test's name: compressed ones differ from process to process."""
    return argname if isinstance(val, bytes) and not val.isascii() else None
