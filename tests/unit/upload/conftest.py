"""Fixtures of the upload door."""

from collections.abc import Iterator

import pytest

from functions.api.upload.handler import landing
from tests.unit.http.doors import aws

__all__ = ["aws"]


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    landing.cache_clear()
    yield
    landing.cache_clear()
