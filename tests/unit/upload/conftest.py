"""Fixtures of the upload endpoints."""

from collections.abc import Iterator

import pytest

from functions.api.upload.deps import deps


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    deps.cache_clear()
    yield
    deps.cache_clear()
