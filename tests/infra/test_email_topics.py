"""Each receiver of e-mail has a topic, whose subscribers are its addresses."""

from pathlib import Path

import pytest
from aws_cdk import App

from infra.app import build
from infra.constructs import email_topics
from infra.context import context
from infra.environments import choose
from tests.infra.template import Synthesised, text
from waybill.notifications.receivers import EmailReceiver, SlackReceiver

CREW = EmailReceiver(name="crew", kind="email", addresses=("a@example.com", "b@example.com"))
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:waybill/dev/receivers/x-AbCdEf"


def test_receivers_of_e_mail_have_topics(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    office = SlackReceiver(name="office", kind="slack", url_secret=SECRET)
    monkeypatch.setattr(email_topics, "read_receivers", lambda _: {"a": CREW, "b": office})
    app = App(outdir=str(tmp_path), context=context(), analytics_reporting=False)
    build(app, choose("dev"))
    app.synth()
    found = Synthesised.read("dev", tmp_path)
    topics = [one for one in found.of_type("AWS::SNS::Topic").values() if "TopicName" in one]
    assert [one["TopicName"] for one in topics] == ["waybill-dev-notify-crew"]
    assert "alias/aws/sns" in text(topics[0]["KmsMasterKeyId"])
    subscribed = found.of_type("AWS::SNS::Subscription").values()
    assert [(one["Protocol"], one["Endpoint"]) for one in subscribed] == [
        ("email", "a@example.com"),
        ("email", "b@example.com"),
    ]
