"""POST /admin/redrive and /admin/redrive/objects."""

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.stub import Stubber

from functions.api.admin import handler, redrive_objects
from tests.cloud.fixtures import LANDING, STATE, Cloud
from tests.cloud.lambda_events import Context
from tests.unit.http.api_client import ApiResponse, parse_response
from waybill.landing import object_versions
from waybill.state.bucket import StateBucket

EVENT: dict[str, Any] = json.loads(Path("events/admin.json").read_text())


def ask(path: str, body: object) -> ApiResponse:
    event = {**EVENT, "resource": path, "path": path, "body": json.dumps(body)}
    return parse_response(handler.handle(event, Context()))


def fail(cloud: Cloud, name: str, count: int) -> None:
    for number in range(count):
        cloud.sqs.send_message(QueueUrl=cloud.queues[f"{name}-dlq"], MessageBody=f"{name} {number}")


def bodies(cloud: Cloud, name: str) -> list[str]:
    return sorted(record["body"] for record in cloud.take(name))


def test_failed_messages_are_redriven_unchanged(cloud: Cloud) -> None:
    fail(cloud, "chunks", 23)
    fail(cloud, "merges", 1)
    response = ask("/admin/redrive", {"queue": "chunks"})
    assert response.status == 200
    assert response.json() == {"queues": {"chunks": {"sent": 23, "left": 0}}}
    assert bodies(cloud, "chunks") == sorted(f"chunks {number}" for number in range(23))
    assert bodies(cloud, "chunks-dlq") == []
    assert bodies(cloud, "merges") == []


def test_all_queues_are_redriven_by_default(cloud: Cloud) -> None:
    fail(cloud, "landed", 1)
    fail(cloud, "merges", 2)
    fail(cloud, "extracts", 3)
    sent = {
        name: found["sent"] for name, found in ask("/admin/redrive", {}).json()["queues"].items()
    }
    assert sent == {"landed": 1, "chunks": 0, "merges": 2, "extracts": 3}


def test_redrives_are_recorded_with_their_caller(cloud: Cloud) -> None:
    ask("/admin/redrive", {"queue": "chunks"})
    ask("/admin/redrive/objects", {"prefix": "landing/none/"})
    entries = StateBucket(cloud.s3, STATE).audit
    found = entries.read(entries.keys())
    assert [(one["action"], one["actor"], one["source"]) for one in found] == [
        ("messages.redriven", EVENT["requestContext"]["authorizer"]["principalId"], "203.0.113.7"),
        ("objects.redriven", EVENT["requestContext"]["authorizer"]["principalId"], "203.0.113.7"),
    ]
    details = [one["detail"] for one in found]
    assert details[0] == {"queue": "chunks"}
    assert isinstance(details[1], dict)
    assert details[1]["prefix"] == "landing/none/"


@pytest.mark.parametrize("body", [{"queue": "others"}, {"que": "landed"}])
def test_unknown_queues_are_refused(body: object) -> None:
    assert ask("/admin/redrive", body).status == 422


def test_an_unavailable_queue_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHUNKS_DLQ_URL", "https://sqs.eu-west-1.amazonaws.com/123456789012/none")
    response = ask("/admin/redrive", {"queue": "chunks"})
    assert response.status == 503
    assert response.json()["type"].endswith("/queue-unavailable")


def put(cloud: Cloud, *keys: str) -> None:
    for key in keys:
        cloud.s3.put_object(Bucket=LANDING, Key=key, Body=b"1\n")


def keys(cloud: Cloud) -> list[str]:
    return sorted(body["detail"]["object"]["key"] for body in cloud.bodies("landed"))


def test_objects_below_a_prefix_are_redriven(cloud: Cloud) -> None:
    put(cloud, "landing/a/1.csv", "landing/a/1.csv", "landing/a/x/2.csv", "landing/b/3.csv")
    response = ask("/admin/redrive/objects", {"prefix": "landing/a/"})
    assert response.json() == {"sent": 3, "next_cursor": None}
    assert keys(cloud) == ["landing/a/1.csv", "landing/a/1.csv", "landing/a/x/2.csv"]


def test_only_objects_of_the_time_range_are_redriven(cloud: Cloud) -> None:
    put(cloud, "landing/a/1.csv")
    now = datetime.now(UTC)
    before, after = (now - timedelta(hours=1)).isoformat(), (now + timedelta(hours=1)).isoformat()
    for limits, sent in (
        ({"since": before, "until": after}, 1),
        ({"since": after}, 0),
        ({"until": before}, 0),
    ):
        response = ask("/admin/redrive/objects", {"prefix": "landing/", **limits})
        assert response.json()["sent"] == sent


def test_a_long_list_takes_several_calls(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    put(cloud, *(f"landing/a/{number}.csv" for number in range(5)))
    real: Any = cloud.s3.list_object_versions
    monkeypatch.setattr(cloud.s3, "list_object_versions", lambda **given: real(**given, MaxKeys=2))
    monkeypatch.setattr(handler, "_SECONDS", 0.0)
    sent, cursor, calls = 0, None, 0
    while calls == 0 or cursor:
        more: dict[str, str] = {"cursor": cursor} if cursor else {}
        found = ask("/admin/redrive/objects", {"prefix": "landing/a/", **more}).json()
        sent, cursor, calls = sent + found["sent"], found["next_cursor"], calls + 1
    assert (sent, calls) == (5, 3)
    assert keys(cloud) == [f"landing/a/{number}.csv" for number in range(5)]


def test_a_cursor_of_another_prefix_is_refused(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = object_versions.VersionPage([], object_versions.PageMarker("landing/a/1.csv", "v"))
    monkeypatch.setattr(redrive_objects, "list_page", lambda *_: page)
    monkeypatch.setattr(handler, "_SECONDS", 0.0)
    assert cloud
    cursor = ask("/admin/redrive/objects", {"prefix": "landing/a/"}).json()["next_cursor"]
    assert ask("/admin/redrive/objects", {"prefix": "landing/b/", "cursor": cursor}).status == 400


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"prefix": "tickets/"},
        {"prefix": "landing/\x1c"},
        {"prefix": "landing/\ud800"},
        {"prefix": "landing/", "since": "2026-01-01T00:00:00"},
        {"prefix": "landing/", "until": 0},
    ],
)
def test_an_invalid_prefix_or_time_is_refused(body: object) -> None:
    assert ask("/admin/redrive/objects", body).status == 422


@pytest.mark.parametrize("version", ["not-a-version", "\0", ""])
def test_a_forged_cursor_is_a_bad_request(cloud: Cloud, version: str) -> None:
    put(cloud, "landing/a/1.csv")
    forged = {"prefix": "landing/a/", "key": "landing/a/1.csv", "version": version}
    cursor = base64.urlsafe_b64encode(json.dumps(forged).encode()).decode()
    with Stubber(cloud.s3) as stub:
        stub.add_response("put_object", {})  # the audit entry
        stub.add_client_error("list_object_versions", "InvalidArgument", http_status_code=400)
        body = {"prefix": "landing/a/", "cursor": cursor}
        response = ask("/admin/redrive/objects", body)
    assert response.status == 400
    assert response.json()["type"].endswith("/bad-cursor")
