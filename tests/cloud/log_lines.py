"""Fixture `log_lines`: what the functions log, as they write it."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from waybill import telemetry
from waybill.settings import LogSettings

LogLines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def log_lines() -> Iterator[LogLines]:
    """Returns the lines since the start of the test, each a JSON object."""
    telemetry.start("plan", LogSettings()).set_correlation_id(None)
    handler = logging.getLogger("waybill").handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    before = handler.setStream(written := io.StringIO())
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    handler.setStream(before)
