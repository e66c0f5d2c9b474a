"""Errors in the log reach a tracker as envelopes, without what could be of a person."""

import base64
import gzip
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from functions.reporter import handler
from functions.reporter.dsn import parse_dsn, read_dsn
from functions.reporter.errors import BadDsnError, UnreachedError
from tests.cloud.lambda_events import Context

TRACKER = Path(__file__).with_name("tracker.py")
JOB = "0199e4a8-6b7c-7d3e-9f10-2a4b6c8d0e1f"
TRACEBACK = (
    "Traceback (most recent call last):\n"
    '  File "/opt/python/waybill/consumer.py", line 90, in _process\n'
    "    consumer.process(message)\n"
    '  File "/var/task/functions/pipeline/load/handler.py", line 30, in process\n'
    '    raise ValueError(f"{name}")\n'
    "ValueError: 'Ada Lovelace' of ada@example.com is no number"
)
LINE = {
    "level": "ERROR", "message": "message.failed", "action": "message.failed", "step": "load",
    "correlation_id": JOB, "request_id": "r-1", "exception": TRACEBACK, "receives": 2,
    "exception_name": "ValueError", "code": "ValueError", "detail": "Ada Lovelace is no number",
    "xray_trace_id": "1-6b0bb4af-1b3efffbf0fe89258c604ec6",
}  # fmt: skip


class Tracker:
    """The running process and what it has received."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def dsn(self) -> str:
        return f"http://publickey@127.0.0.1:{(self._folder / 'port').read_text()}/sub/42"

    def received(self) -> list[tuple[str, str, dict[str, Any], dict[str, Any]]]:
        """Path, authorization, the envelope's header and the event of each request."""
        return [self._parsed(file) for file in sorted(self._folder.glob("*.envelope"))]

    def _parsed(self, file: Path) -> tuple[str, str, dict[str, Any], dict[str, Any]]:
        path, auth, header, item, rest = file.read_bytes().split(b"\n", 4)
        described = json.loads(item)
        assert described["type"] == "event"
        # The length is counted in bytes, and nothing but a line's end follows.
        event, end = rest[: described["length"]], rest[described["length"] :]
        assert end == b"\n"
        return path.decode(), auth.decode(), json.loads(header), json.loads(event)


@pytest.fixture
def start_tracker(tmp_path: Path) -> Iterator[Callable[[int], Tracker]]:
    started: list[subprocess.Popen[bytes]] = []

    def start(status: int = 200) -> Tracker:
        started.append(subprocess.Popen([sys.executable, str(TRACKER), str(tmp_path), str(status)]))
        while not (tmp_path / "port").is_file() or not (tmp_path / "port").read_text():
            assert started[-1].poll() is None
            time.sleep(0.02)
        return Tracker(tmp_path)

    yield start
    for process in started:
        process.terminate()
        process.wait()


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., dict[str, int]]]:
    """Let the function report these lines to the tracker with this DSN."""
    monkeypatch.setenv("DSN_SECRET", "waybill/prod/error-tracker")
    monkeypatch.setenv("REPORT_ENVIRONMENT", "prod")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        read_dsn.cache_clear()

        def call(dsn: str, *lines: object, kind: str = "DATA_MESSAGE") -> dict[str, int]:
            boto3.client("secretsmanager").create_secret(
                Name="waybill/prod/error-tracker", SecretString=dsn
            )
            return handler.handle(event(*lines, kind=kind), Context())

        yield call
    read_dsn.cache_clear()


def event(*lines: object, kind: str = "DATA_MESSAGE") -> dict[str, Any]:
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    data = {
        "messageType": kind,
        "logGroup": "/aws/lambda/waybill-prod-load",
        "logEvents": [
            {"id": str(number), "timestamp": 1_795_000_000_000, "message": text}
            for number, text in enumerate(texts)
        ],
    }
    packed = gzip.compress(json.dumps(data).encode())
    return {"awslogs": {"data": base64.b64encode(packed).decode()}}


def test_an_error_arrives_as_an_envelope(start_tracker: Any, report: Any) -> None:
    tracker = start_tracker()
    assert report(tracker.dsn, LINE) == {"sent": 1}
    ((path, auth, header, sent),) = tracker.received()
    assert path == "/sub/api/42/envelope/"
    assert "sentry_key=publickey" in auth
    assert header["event_id"] == sent["event_id"]
    assert len(sent["event_id"]) == 32
    assert (sent["environment"], sent["transaction"], sent["level"]) == ("prod", "load", "error")
    assert sent["tags"] | {"job_id": JOB, "action": "message.failed"} == sent["tags"]
    (exception,) = sent["exception"]["values"]
    assert exception["type"] == "ValueError"
    assert [frame["function"] for frame in exception["stacktrace"]["frames"]] == [
        "_process",
        "process",
    ]


def test_nothing_of_a_person_is_sent(start_tracker: Any, report: Any) -> None:
    tracker = start_tracker()
    killed = 'RequestId: 1 Error: Runtime.ExitError: "Ada Lovelace" ada@example.com'
    report(tracker.dsn, LINE, {**LINE, "action": "x", "email": "ada@example.com"}, killed)
    sent = json.dumps([each[3] for each in tracker.received()])
    assert "ValueError" in sent
    assert "Runtime.ExitError" in sent
    for secret in ("Ada", "Lovelace", "ada@", "consumer.process(message)"):
        assert secret not in sent


def test_a_storm_is_one_event_with_its_number(start_tracker: Any, report: Any) -> None:
    tracker = start_tracker()
    assert report(tracker.dsn, *[LINE] * 500) == {"sent": 1}
    (received,) = tracker.received()
    assert received[3]["extra"]["count"] == 500


def test_kinds_are_limited_and_ids_are_the_same_again(start_tracker: Any, report: Any) -> None:
    tracker = start_tracker()
    lines = [{**LINE, "action": f"action.{number}"} for number in range(50)]
    assert report(tracker.dsn, *lines) == {"sent": 20}
    handler.handle(event(*lines), Context())
    ids = [each[3]["event_id"] for each in tracker.received()]
    assert len(ids) == 40
    assert len(set(ids)) == 20


def test_a_check_of_the_subscription_sends_nothing(start_tracker: Any, report: Any) -> None:
    tracker = start_tracker()
    assert report(tracker.dsn, LINE, kind="CONTROL_MESSAGE") == {"sent": 0}
    assert tracker.received() == []


def test_a_tracker_with_an_error_is_tried_again(start_tracker: Any, report: Any) -> None:
    with pytest.raises(UnreachedError):
        report(start_tracker(503).dsn, LINE)


def test_a_tracker_that_refuses_is_left(
    start_tracker: Any, report: Any, caplog: pytest.LogCaptureFixture
) -> None:
    assert report(start_tracker(429).dsn, LINE) == {"sent": 1}
    assert "report.refused" in [line.message for line in caplog.records]


@pytest.mark.parametrize(
    "text", ["", "http://key@tracker.example/1", "https://tracker.example/1", "https://key@host/"]
)
def test_a_secret_that_is_no_safe_dsn_is_refused(text: str) -> None:
    with pytest.raises(BadDsnError):
        parse_dsn(text)
