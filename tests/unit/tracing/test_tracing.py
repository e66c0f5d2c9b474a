"""A trace goes on with messages and events, and is found by the job's id."""

import json
import socket
from collections.abc import Iterator
from typing import Any
from unittest.mock import MagicMock
from uuid import UUID

import pytest

from waybill import consumer, queues, telemetry, tracing
from waybill.database.outbox import OutboxEvent
from waybill.errors import Busy
from waybill.messages import MergeMessage
from waybill.outbox import relay
from waybill.settings import LogSettings

JOB = UUID("0199e4a8-6b7c-7d3e-9f10-2a4b6c8d0e1f")
ROOT, PARENT = "1-6b0bb4af-1b3efffbf0fe89258c604ec6", "53995c3f42cd8ad8"
HEADER = f"Root={ROOT};Parent={PARENT};Sampled=1"


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The daemon beside the function, and an invocation in a trace."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(2)
        port = listening.getsockname()[1]
        monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", f"127.0.0.1:{port}")
        monkeypatch.setenv("_X_AMZN_TRACE_ID", HEADER)
        telemetry.start("load", LogSettings())
        yield listening


def document(daemon: socket.socket) -> dict[str, Any]:
    head, body = daemon.recv(65536).split(b"\n", 1)
    assert json.loads(head) == {"format": "json", "version": 1}
    found: dict[str, Any] = json.loads(body)
    return found


def test_work_on_a_job_is_a_subsegment_with_its_id(daemon: socket.socket) -> None:
    with telemetry.about(JOB), telemetry.about(JOB):
        pass
    sent = document(daemon)
    assert (sent["trace_id"], sent["parent_id"], sent["type"]) == (ROOT, PARENT, "subsegment")
    assert sent["annotations"] == {"job_id": str(JOB), "step": "load"}
    assert sent["metadata"]["default"]["waybill.job.id"] == str(JOB)
    assert (len(sent["id"]), sent["fault"]) == (16, False)
    assert sent["start_time"] <= sent["end_time"]
    # Of nested blocks the outermost only.
    daemon.setblocking(False)
    with pytest.raises(BlockingIOError):
        daemon.recv(1)


def test_work_that_fails_is_a_fault(daemon: socket.socket) -> None:
    with pytest.raises(ZeroDivisionError), telemetry.about(JOB):
        raise ZeroDivisionError
    assert document(daemon)["fault"] is True


@pytest.mark.parametrize("header", ["", f"Root={ROOT};Parent={PARENT};Sampled=0", "Sampled=1"])
def test_nothing_is_sent_of_a_trace_that_is_not_sampled(
    daemon: socket.socket, monkeypatch: pytest.MonkeyPatch, header: str
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", header)
    with telemetry.about(JOB):
        pass
    daemon.setblocking(False)
    with pytest.raises(BlockingIOError):
        daemon.recv(1)


@pytest.mark.usefixtures("daemon")
def test_messages_and_events_carry_the_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    sqs, events = MagicMock(), MagicMock()
    sqs.send_message_batch.return_value = {}
    events.put_events.return_value = {"Entries": [{}]}
    monkeypatch.setattr(queues, "sqs_client", lambda: sqs)
    monkeypatch.setattr(consumer, "sqs_client", lambda: sqs)
    queues.send("url", [MergeMessage(job_id=JOB)])
    (entry,) = sqs.send_message_batch.call_args.kwargs["Entries"]
    value = {"AWSTraceHeader": {"DataType": "String", "StringValue": HEADER}}
    assert entry["MessageSystemAttributes"] == value

    def wait(_message: str) -> None:
        raise Busy("job-waiting", "An earlier job is open.")

    record = {"messageId": "m", "receiptHandle": "r", "body": "b"}
    waiting = consumer.Consumer("url", str, wait, lambda *_: None)
    consumer.consume({"Records": [record]}, waiting)
    assert sqs.send_message.call_args.kwargs["MessageSystemAttributes"] == value
    relay._put(events, "default", [OutboxEvent(1, "job.finished", {})])
    (put,) = events.put_events.call_args.kwargs["Entries"]
    assert put["TraceHeader"] == HEADER


def test_without_a_trace_nothing_is_added(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("_X_AMZN_TRACE_ID", raising=False)
    assert tracing.message_trace() == {}
    assert tracing.trace_header() is None
