"""Fixtures of the datasets door."""

from collections.abc import Iterator

import pytest

from functions.api.datasets.handler import contracts


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    contracts.cache_clear()
    yield
    contracts.cache_clear()
