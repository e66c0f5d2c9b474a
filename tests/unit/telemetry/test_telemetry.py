"""Every log line has its action, its step and its job."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from waybill import telemetry
from waybill.ids import new_id
from waybill.settings import LogSettings


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What is written, on a logger that is as new."""
    telemetry.start("plan", LogSettings()).set_correlation_id(None)
    handler = logging.getLogger("waybill").handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    before = handler.setStream(written := io.StringIO())
    yield written
    handler.setStream(before)


def lines(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def test_a_log_line_has_its_action_and_fields(log: io.StringIO) -> None:
    telemetry.action("chunk.staged", level="warning", chunk=3)
    (line,) = lines(log)
    assert (line["action"], line["chunk"], line["step"]) == ("chunk.staged", 3, "plan")
    assert line["level"] == "WARNING"


def test_the_job_id_is_the_correlation_id(log: io.StringIO) -> None:
    job = new_id()
    with telemetry.about(job):
        telemetry.action("a.b")
    telemetry.action("c.d")
    inside, outside = lines(log)
    assert inside["correlation_id"] == str(job)
    assert outside.get("correlation_id") is None


def test_an_error_is_logged_with_its_traceback(log: io.StringIO) -> None:
    telemetry.action("a.b", level="error", error=KeyError("x"))
    assert "KeyError" in lines(log)[0]["exception"]


def test_log_lines_of_libraries_have_the_same_shape(log: io.StringIO) -> None:
    logging.getLogger("waybill.queues").warning("hello", extra={"n": 1})
    (line,) = lines(log)
    assert (line["message"], line["n"], line["step"]) == ("hello", 1, "plan")
