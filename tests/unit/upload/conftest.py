"""Fixtures of the upload door."""

from collections.abc import Iterator

import pytest

from functions.api.upload.handler import landing


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    landing.cache_clear()
    yield
    landing.cache_clear()
