"""Fixtures of the batch endpoints: a database that cannot be reached."""

from collections.abc import Iterator

import pytest

from functions.api.batch.deps import deps


@pytest.fixture(autouse=True)
def _no_database(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in {
        "HOST": "127.0.0.1",
        # Nobody listens there.
        "PORT": "1",
        "USER": "waybill_batch",
        "TLS": "disable",
    }.items():
        monkeypatch.setenv(f"DATABASE_{name}", value)
    deps.cache_clear()
    yield
    deps.cache_clear()
