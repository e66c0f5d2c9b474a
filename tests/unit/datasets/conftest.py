"""Fixtures of the datasets door."""

from collections.abc import Iterator

import pytest

from functions.api.datasets.handler import contracts
from tests.unit.http.doors import aws

__all__ = ["aws"]


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    contracts.cache_clear()
    yield
    contracts.cache_clear()
