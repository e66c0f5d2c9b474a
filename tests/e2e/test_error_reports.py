"""Errors in the deployed functions' logs reach an error tracker, without personal data."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from aws_cdk import App

from infra.app import build, choose_environment
from infra.context import context
from infra.local.clients import Clients
from infra.local.deployer import deploy
from infra.local.stack import STACK
from infra.local.synth import assembly
from tests.e2e.error_tracker import Tracker, error_tracker
from tests.e2e.faults import until

pytestmark = pytest.mark.e2e
_SECRET = "waybill/local/error-tracker"
_PERSON = ("ada@example.com", "Lovelace")


@pytest.fixture(scope="module")
def with_reporter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The assembly of an environment that names an error tracker in `cdk.json`."""
    folder = tmp_path_factory.mktemp("reporter")
    values = {**context(), "env": "local", "error_tracking": {"local": {"secret": _SECRET}}}
    app = App(context=values, outdir=str(folder), analytics_reporting=False)
    build(app, choose_environment(app))
    app.synth()
    return folder


@pytest.fixture
def tracker(aws: Clients, with_reporter: Path) -> Iterator[Tracker]:
    """The running stack sends its errors there; afterwards it is as before."""
    (found,) = aws("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    parameters = {one["ParameterKey"]: one["ParameterValue"] for one in found["Parameters"]}
    with error_tracker() as running:
        aws("secretsmanager").create_secret(Name=_SECRET, SecretString=running.dsn)
        deploy(aws, with_reporter, STACK, parameters)
        try:
            yield running
        finally:
            deploy(aws, assembly(), STACK, parameters)
            aws("secretsmanager").delete_secret(SecretId=_SECRET, ForceDeleteWithoutRecovery=True)


def test_errors_are_reported_without_what_is_personal(aws: Clients, tracker: Tracker) -> None:
    sqs, logs = aws("sqs"), aws("logs")
    urls = [sqs.get_queue_url(QueueName=f"waybill-local-{name}")["QueueUrl"]
            for name in ("landed", "landed-dlq")]  # fmt: skip
    # A message that cannot be read; the error quotes it.
    sqs.send_message(QueueUrl=urls[0], MessageBody=json.dumps(_PERSON)[:-1])
    failed = until(lambda: _of(tracker, action="message.failed"), "the error is not reported")
    assert failed["transaction"] == "plan"
    assert failed["environment"] == "local"
    assert failed["exception"]["values"][0]["stacktrace"]["frames"]

    # What Lambda itself writes of a function that it had to stop.
    group, stream = "/aws/lambda/waybill-local-load", "stopped"
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    line = f"0190-1 Task timed out after 300.00 seconds: {_PERSON[0]}"
    logs.put_log_events(
        logGroupName=group,
        logStreamName=stream,
        logEvents=[{"timestamp": int(time.time() * 1000), "message": line}],
    )
    killed = until(lambda: _of(tracker, transaction="waybill-local-load"), "it is not reported")
    assert "Task timed out after 300.00 seconds" in killed["logentry"]["formatted"]

    for text in tracker.envelopes:
        assert text.startswith("/api/7/envelope/\nSentry sentry_version=7,")
        assert "sentry_key=public-key" in text
        assert _PERSON[0] not in text
    assert _PERSON[1] not in str(failed)
    until(lambda: _aside(aws, urls[1]), "the message is not in the dead-letter queue")
    sqs.purge_queue(QueueUrl=urls[1])


def _of(tracker: Tracker, **expected: str) -> dict[str, object] | None:
    """An event with these fields, or these tags."""
    return next(
        (
            event
            for event in tracker.events()
            if expected.items() <= {**event, **event["tags"]}.items()
        ),
        None,
    )


def _aside(aws: Clients, url: str) -> bool:
    attributes = aws("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return int(attributes["ApproximateNumberOfMessages"]) > 0
