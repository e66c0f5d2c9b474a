"""Parsing the messages of the queue `landed`."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from functions.pipeline.plan.models import parse_event


def sample() -> dict[str, Any]:
    event = json.loads(Path("events/plan.json").read_text())
    return dict(json.loads(event["Records"][0]["body"]))


def test_every_field_of_an_s3_event_is_read() -> None:
    landed = parse_event(json.dumps(sample()))
    assert landed
    assert landed.bucket == "waybill-dev-landing"
    assert landed.key.startswith("landing/departments/")
    assert landed.version_id == "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e"
    assert landed.etag == "b1946ac92492d2347c6235b4d2611184"
    assert landed.landed_at == datetime(2025, 11, 22, 8, tzinfo=UTC)


def test_a_key_is_not_decoded() -> None:
    event = sample()
    event["detail"]["object"]["key"] = "landing/departments/a+b %20.csv"
    landed = parse_event(json.dumps(event))
    assert landed
    assert landed.key == "landing/departments/a+b %20.csv"


def test_an_event_may_lack_the_version() -> None:
    event = sample()
    del event["detail"]["object"]["version-id"]
    landed = parse_event(json.dumps(event))
    assert landed
    assert landed.version_id is None


@pytest.mark.parametrize(
    "body",
    [
        '{"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"}',
        json.dumps({**sample(), "source": "somebody"}),
    ],
)
def test_events_about_something_else_are_ignored(body: str) -> None:
    assert parse_event(body) is None


@pytest.mark.parametrize("body", ["", "hello", "[]", json.dumps({**sample(), "detail": {}})])
def test_an_unreadable_event_is_an_error(body: str) -> None:
    with pytest.raises(ValidationError):
        parse_event(body)
