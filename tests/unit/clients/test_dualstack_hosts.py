"""Functions in the VPC reach AWS over IPv6 only, so every host that they call must have both.

The requests stop before they are sent; what is compared is the host that boto3 chose.
"""

from collections.abc import Callable, Iterator

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest

from infra.dualstack import HOSTS
from waybill import clients
from waybill.database import connect

REGION = "eu-central-1"
QUEUE = f"https://sqs.{REGION}.amazonaws.com/123456789012/waybill-dev-chunks"
SECRET = f"arn:aws:secretsmanager:{REGION}:123456789012:secret:waybill-admin"


class NotSentError(Exception):
    """Raised in place of sending a request."""


def read_an_object() -> None:
    clients.s3_client().get_object(Bucket="waybill-landing", Key="landing/a")


def list_objects() -> None:
    clients.s3_client().list_objects_v2(Bucket="waybill-landing")


def send_a_message() -> None:
    clients.sqs_client().send_message(QueueUrl=QUEUE, MessageBody="{}")


def put_an_event() -> None:
    clients.events_client().put_events(Entries=[{"Source": "waybill"}])


def read_the_password() -> None:
    connect._secret(SECRET)


def make_a_data_key() -> None:
    clients.kms_client().generate_data_key(KeyId="waybill", KeySpec="AES_256")


def delete_a_schedule() -> None:
    clients.scheduler_client().delete_schedule(Name="waybill")


def call_a_function() -> None:
    clients.lambda_client().invoke(FunctionName="waybill")


CALLS = {
    make_a_data_key: "kms",
    delete_a_schedule: "scheduler",
    call_a_function: "lambda",
    read_an_object: "s3",
    list_objects: "s3",
    send_a_message: "sqs",
    put_an_event: "events",
    read_the_password: "secretsmanager",
}


@pytest.fixture
def hosts(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The hosts of the requests, none of which is sent."""
    called: list[str] = []

    def stop(request: AWSPreparedRequest, **_: object) -> None:
        called.append(request.url.split("/")[2])
        raise NotSentError

    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_USE_DUALSTACK_ENDPOINT", "true")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "never-sent")
    session = boto3.Session(region_name=REGION)
    session.events.register("before-send.*", stop)
    monkeypatch.setattr(boto3, "client", session.client)
    cached = (
        clients.s3_client, clients.sqs_client, clients.events_client, clients.kms_client,
        clients.scheduler_client, clients.lambda_client, connect._secret,
    )  # fmt: skip
    for one in cached:
        one.cache_clear()
    yield called
    for one in cached:
        one.cache_clear()


@pytest.mark.parametrize(("call", "service"), CALLS.items(), ids=[one.__name__ for one in CALLS])
def test_every_client_calls_a_dualstack_host(
    hosts: list[str], call: Callable[[], None], service: str
) -> None:
    with pytest.raises(NotSentError):
        call()
    bucket = "waybill-landing." if service == "s3" else ""
    assert hosts == [bucket + HOSTS[service].format(region=REGION)]


def test_every_service_is_tried() -> None:
    assert set(CALLS.values()) == HOSTS.keys()
