"""Fixtures: `cloud`, and `environment_of`, which sets a function's environment."""

import json
from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import boto3
import botocore.session
import pytest
from moto import mock_aws
from moto.kms import models as kms

from tests.cloud.lambda_events import sqs_record
from tests.postgres.databases import PASSWORD, Database
from waybill import clients

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

# A test's clients cost half a second otherwise: each session reads and parses the models of AWS's
# services again, and each key has an RSA key of its own, which encrypts nothing here.
botocore.session.create_loader = cache(botocore.session.create_loader)
kms.generate_private_key = cache(kms.generate_private_key)  # type: ignore[attr-defined]

REGION: Final = "eu-west-1"
LANDING = "waybill-tests-landing"
STATE = "waybill-tests-state"
SCHEDULES = {
    "SCHEDULE_GROUP": "waybill-test-sources",
    "SCHEDULE_TARGET": "arn:aws:lambda:eu-west-1:123456789012:function:waybill-test-sources",
    "SCHEDULE_ROLE": "arn:aws:iam::123456789012:role/schedules",
}
QUEUES = ("landed", "chunks", "merges", "extracts")


class Cloud(NamedTuple):
    """The clients, the queues' addresses by name, and the details of what went to the bus."""

    s3: "S3Client"
    sqs: "SQSClient"
    events: "EventBridgeClient"
    queues: dict[str, str]
    on_bus: list[dict[str, Any]]
    personal_key: str
    """The ARN of the KMS key for personal data."""

    def reported(self) -> list[dict[str, Any]]:
        """The details of the events since the last look."""
        found = list(self.on_bus)
        self.on_bus.clear()
        return found

    def take(self, queue: str) -> list[dict[str, Any]]:
        """All messages of a queue, as Lambda would be given them; they are gone then."""
        records: list[dict[str, Any]] = []
        while found := self._receive(queue):
            records += found
        return records

    def bodies(self, queue: str) -> list[dict[str, Any]]:
        """The bodies of all messages of a queue, parsed; they are gone then."""
        return [json.loads(record["body"]) for record in self.take(queue)]

    def waiting(self, queue: str) -> int:
        """How many messages a queue has, delayed ones included."""
        found = self.sqs.get_queue_attributes(QueueUrl=self.queues[queue], AttributeNames=["All"])
        counts = found["Attributes"]
        ready = int(counts["ApproximateNumberOfMessages"])
        return ready + int(counts["ApproximateNumberOfMessagesDelayed"])

    def _receive(self, queue: str) -> list[dict[str, Any]]:
        url = self.queues[queue]
        response = self.sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        for message in response.get("Messages", []):
            self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return [
            sqs_record(
                message["Body"],
                message_id=message["MessageId"],
                receipt_handle=message["ReceiptHandle"],
                attributes={
                    name: value["StringValue"]
                    for name, value in message.get("MessageAttributes", {}).items()
                },
            )
            for message in response.get("Messages", [])
        ]


def forget_clients() -> None:
    """Let the next clients be made for the environment as it is then."""
    for client in (
        clients.s3_client,
        clients.sqs_client,
        clients.events_client,
        clients.kms_client,
    ):
        client.cache_clear()


def _listen(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    real = cloud.events.put_events

    def put_events(**call: Any) -> Any:
        response = real(**call)
        cloud.on_bus.extend(json.loads(entry["Detail"]) for entry in call["Entries"])
        return response

    monkeypatch.setattr(cloud.events, "put_events", put_events)


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """Empty buckets (the landing bucket versioned), empty queues, and the default bus."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    forget_clients()
    with mock_aws():
        s3, sqs = clients.s3_client(), clients.sqs_client()
        for bucket in (LANDING, STATE):
            s3.create_bucket(
                Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION}
            )
        s3.put_bucket_versioning(Bucket=LANDING, VersioningConfiguration={"Status": "Enabled"})
        queues = {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in QUEUES}
        key = clients.kms_client().create_key()["KeyMetadata"]["Arn"]
        made = Cloud(s3, sqs, clients.events_client(), queues, [], key)
        _listen(made, monkeypatch)
        yield made
    forget_clients()


@pytest.fixture
def environment_of(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Database, str], None]:
    """Call it with a database and a role: the process's environment is then a function's."""

    def set_it(database: Database, role: str) -> None:
        secret = boto3.client("secretsmanager").create_secret(
            Name=f"{database.name}-{role}", SecretString=json.dumps({"password": PASSWORD})
        )
        values = {
            **database.environment(role),
            "DATABASE_SECRET_ARN": secret["ARN"],
            "LANDING_BUCKET": LANDING,
            "STATE_BUCKET": STATE,
            "PERSONAL_KEY": cloud.personal_key,
            **SCHEDULES,
            **{f"{name.upper()}_QUEUE_URL": url for name, url in cloud.queues.items()},
        }
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    return set_it
