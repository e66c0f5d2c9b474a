"""Fixtures of the batch endpoints: a database that cannot be reached."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from functions.api.batch.deps import deps

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture(autouse=True)
def _no_database(aws: "S3Client", monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
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
