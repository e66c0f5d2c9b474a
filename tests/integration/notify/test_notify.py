"""A digest reaches its receiver: signed, at least once, and not twice."""

import json
from datetime import UTC, datetime, timedelta, tzinfo
from email.utils import format_datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError

from tests.cloud.fixtures import REGION, STATE
from tests.integration.notify.conftest import KEY, OLD_KEY, Notify, run
from tests.integration.notify.receiver import is_genuine
from waybill import clients
from waybill.errors import Rejected, Unavailable
from waybill.state.bucket import StateBucket


class AnHourLater(datetime):
    """The clock an hour later."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return datetime.now(tz) + timedelta(hours=1)


def delivery_of(notify: Notify, event: dict[str, Any]) -> Any:
    found = StateBucket(notify.cloud.s3, STATE).deliveries.find(event["detail"]["content"]["id"])
    assert found is not None
    return found[0]


def test_a_webhook_is_signed_and_has_the_waybills_and_links(notify: Notify) -> None:
    event = notify.event()
    assert run(event) == "sent"
    (message,) = notify.receiver.received
    assert message.headers["webhook-id"] == event["detail"]["content"]["id"]
    sent_at = int(message.headers["webhook-timestamp"])
    assert sent_at <= datetime.now(UTC).timestamp()
    assert is_genuine(message.headers, message.body, KEY)
    body = json.loads(message.body)
    assert (body["type"], body["data"]["counts"]["failed"]) == ("digest", 1)
    failed = body["data"]["events"][0]
    assert failed["link"] == f"https://console.example/#/jobs/{failed['job_id']}"
    assert body["data"]["records"] == {"read": 4, "inserted": 3, "rejected": 1}


def test_a_message_that_was_changed_is_not_genuine(notify: Notify) -> None:
    run(notify.event())
    (message,) = notify.receiver.received
    later = {**message.headers, "webhook-timestamp": "1"}
    assert not is_genuine(message.headers, message.body + b" ", KEY)
    assert not is_genuine(later, message.body, KEY)
    assert not is_genuine(message.headers, message.body, OLD_KEY)


def test_while_a_key_is_rotated_both_verify(notify: Notify) -> None:
    run(notify.event(
        kind="webhook", url=notify.receiver.url,
        signing_secret=notify.secret(key=KEY, old_key=OLD_KEY),
    ))  # fmt: skip
    (message,) = notify.receiver.received
    assert is_genuine(message.headers, message.body, KEY)
    assert is_genuine(message.headers, message.body, OLD_KEY)


def test_an_event_that_comes_twice_is_sent_once(notify: Notify) -> None:
    event = notify.event()
    assert [run(event), run(event)] == ["sent", "sent"]
    for scheduled in notify.schedules():
        assert run(scheduled) == "sent"
    assert len(notify.receiver.received) == 1


def test_what_fails_is_sent_again_until_it_is_taken(notify: Notify) -> None:
    notify.receiver.statuses = [500, 302, 200]
    event = notify.event()
    assert run(event) == "waiting"
    assert delivery_of(notify, event).error == "127.0.0.1 responds 500."
    assert run(notify.schedules()[-1]) == "waiting"
    assert run(notify.schedules()[-1]) == "sent"
    assert run(notify.schedules()[-1]) == "sent"
    assert [one.headers["webhook-id"] for one in notify.receiver.received] == [
        event["detail"]["content"]["id"]
    ] * 3
    assert len({one.body for one in notify.receiver.received}) == 1
    assert delivery_of(notify, event).attempts == 3


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_receiver_that_asks_for_a_longer_pause_gets_it(
    notify: Notify, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(minutes=30), usegmt=True)
    notify.receiver.retry_after = "1800" if form == "seconds" else soon
    notify.receiver.statuses = [429, 200]
    event = notify.event()
    began = datetime.now(UTC)
    assert run(event) == "waiting"
    until = delivery_of(notify, event).not_before
    assert timedelta(minutes=29) < until - began < timedelta(minutes=31)
    # The attempt that was scheduled before, and the one for the time that the receiver wants.
    planned, postponed = notify.times()
    assert planned - began < timedelta(minutes=2)
    assert until <= postponed <= until + timedelta(seconds=3)
    assert run(notify.schedules()[0]) == "waiting"
    assert len(notify.receiver.received) == 1
    monkeypatch.setattr("functions.pipeline.notify.deliver.datetime", AnHourLater)
    assert run(notify.schedules()[-1]) == "sent"
    assert len(notify.receiver.received) == 2


@pytest.mark.parametrize("pause", ["0", "30", "soon", "-5", "Thu, 01 Jan 2026 00:00:00 GMT"])
def test_a_shorter_pause_or_none_changes_nothing(notify: Notify, pause: str) -> None:
    notify.receiver.retry_after = pause
    notify.receiver.statuses = [503, 200]
    event = notify.event()
    assert run(event) == "waiting"
    assert delivery_of(notify, event).not_before is None
    assert run(notify.schedules()[-1]) == "sent"


def test_a_pause_of_years_ends_within_the_hour(notify: Notify) -> None:
    notify.receiver.retry_after = "999999999999"
    notify.receiver.statuses = [503]
    event = notify.event()
    assert run(event) == "waiting"
    assert delivery_of(notify, event).not_before < datetime.now(UTC) + timedelta(hours=1)


def test_a_function_that_is_killed_while_it_sends_loses_nothing(
    notify: Notify, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = notify.event()
    with monkeypatch.context() as patch:
        patch.setattr("functions.pipeline.notify.deliver.send", _killed)
        with pytest.raises(KeyboardInterrupt):
            run(event)
    (scheduled,) = notify.schedules()
    # Its claim is respected while it may live.
    assert run(scheduled) == "sending"
    monkeypatch.setattr("functions.pipeline.notify.deliver._CLAIM", timedelta(seconds=-5))
    assert run(scheduled) == "sent"
    assert len(notify.receiver.received) == 1


def test_a_delivery_that_fails_for_a_day_is_given_up(
    notify: Notify, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAX_ATTEMPTS", "2")
    notify.receiver.statuses = [503]
    event = notify.event()
    assert run(event) == "waiting"
    with pytest.raises(Rejected, match="erp"):
        run(notify.schedules()[-1])
    # Lambda calls a function again that failed.
    assert run(notify.schedules()[-1]) == "given-up"
    assert len(notify.receiver.received) == 2


def test_without_a_schedule_for_the_next_attempt_nothing_is_sent(
    notify: Notify, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(**_: object) -> None:
        raise EndpointConnectionError(endpoint_url="https://scheduler.example")

    monkeypatch.setattr(clients.scheduler_client(), "create_schedule", unreachable)
    with pytest.raises(Unavailable):
        run(notify.event())
    assert notify.receiver.received == []


@pytest.mark.parametrize(
    ("url", "detail"),
    [
        ("https://169.254.169.254/latest/meta-data/", "not public"),
        ("https://10.0.0.1/", "not public"),
        ("http://127.0.0.1:1/", "Only HTTPS"),
        ("https://localhost/", "not public"),
    ],
)
def test_a_receiver_that_is_not_public_is_not_reached(
    notify: Notify, monkeypatch: pytest.MonkeyPatch, url: str, detail: str
) -> None:
    for name in ("RECEIVER_NETWORKS", "RECEIVER_PLAIN_HTTP"):
        monkeypatch.delenv(name)
    event = notify.event(kind="webhook", url=url, signing_secret=notify.secret(key=KEY))
    assert run(event) == "waiting"
    assert detail in delivery_of(notify, event).error


@pytest.mark.parametrize("key", ["plain", "whsec_c2hvcnQ=", "whsec_???"])
def test_a_weak_key_is_refused_and_not_quoted(notify: Notify, key: str) -> None:
    event = notify.event(
        kind="webhook", url=notify.receiver.url, signing_secret=notify.secret(key=key)
    )
    assert run(event) == "waiting"
    assert "at least 24 bytes" in delivery_of(notify, event).error
    assert key not in delivery_of(notify, event).error
    assert notify.receiver.received == []


def test_a_secret_of_others_is_not_read(notify: Notify) -> None:
    other = clients.secretsmanager_client().create_secret(
        Name="waybill/test/sources/erp", SecretString=json.dumps({"key": KEY})
    )
    event = notify.event(kind="webhook", url=notify.receiver.url, signing_secret=other["ARN"])
    assert run(event) == "waiting"
    assert "must begin with" in delivery_of(notify, event).error


def test_slack_gets_a_text_at_the_url_of_the_secret(notify: Notify) -> None:
    event = notify.event(kind="slack", url_secret=notify.secret(url=notify.receiver.url))
    event["detail"]["content"]["events"][0]["problem"]["title"] = "<!channel> & more"
    assert run(event) == "sent"
    (message,) = notify.receiver.received
    text = json.loads(message.body)["text"]
    assert text.startswith("Waybill: 1 failed, 1 late, 1 with rejects, 1 finished (departments)")
    assert "&lt;!channel&gt; &amp; more" in text
    assert "source harbour, data are 9000 s old" in text
    assert notify.receiver.url not in delivery_of(notify, event).model_dump_json()


def test_e_mail_goes_to_the_topic_of_the_receiver(notify: Notify) -> None:
    sns, sqs = boto3.client("sns", region_name=REGION), notify.cloud.sqs
    topic = sns.create_topic(Name="waybill-test-notify-crew")["TopicArn"]
    arn = sqs.get_queue_attributes(
        QueueUrl=notify.cloud.queues["landed"], AttributeNames=["QueueArn"]
    )["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    assert run(notify.event(kind="email", addresses=["a@example.com"])) == "sent"
    (message,) = notify.cloud.bodies("landed")
    assert message["Subject"].startswith("Waybill: 1 failed")
    assert "2 read, 1 inserted, 1 rejected" in message["Message"]
    assert "https://console.example/#/jobs/" in message["Message"]


def test_a_topic_that_is_missing_is_tried_again(notify: Notify) -> None:
    event = notify.event(kind="email", addresses=["a@example.com"])
    assert run(event) == "waiting"
    assert len(notify.schedules()) == 1


def _killed(*_: object) -> None:
    raise KeyboardInterrupt
