"""Behaviour of S3 and SQS that the emulator lacks and its process adds."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from infra.local import emulator
from infra.local.access_key import AccessKey
from infra.local.clients import AwsClient, Clients
from infra.local.postgres import free_port
from infra.local.processes import Process

KEY_PAIR = AccessKey.generate()
BUCKET, KEY = "a-bucket", "landing/d/x.csv"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("emulator")


@pytest.fixture(scope="module")
def running(folder: Path) -> Iterator[tuple[Process, Clients]]:
    port = free_port()
    process = emulator.start(folder, port, KEY_PAIR)
    yield process, Clients(port, KEY_PAIR)
    process.stop()


@pytest.fixture(scope="module")
def versions(running: tuple[Process, Clients]) -> list[str]:
    s3 = running[1]("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    bodies = (b"0123456789", b"abcdefghij")
    return [s3.put_object(Bucket=BUCKET, Key=KEY, Body=body)["VersionId"] for body in bodies]


def read(s3: AwsClient, **more: str) -> tuple[int, bytes]:
    response = s3.get_object(Bucket=BUCKET, Key=KEY, **more)
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Body"].read()


def test_ranges_of_versions(running: tuple[Process, Clients], versions: list[str]) -> None:
    s3 = running[1]("s3")
    assert read(s3, Range="bytes=2-4") == (206, b"cde")
    assert read(s3, Range="bytes=2-4", VersionId=versions[0]) == (206, b"234")
    assert read(s3, Range="bytes=8-99", VersionId=versions[1]) == (206, b"ij")
    assert read(s3, VersionId=versions[0]) == (200, b"0123456789")
    with pytest.raises(ClientError, match="416"):
        read(s3, Range="bytes=20-30", VersionId=versions[0])


def test_the_key_of_a_stack_is_the_same_after_a_restart(tmp_path: Path) -> None:
    template = json.dumps(
        {"Resources": {"PersonalKey": {"Type": "AWS::KMS::Key", "Properties": {}}}}
    )
    port = free_port()
    clients, context = Clients(port, KEY_PAIR), {"waybill:job": "1"}
    blobs = []
    for _ in range(2):
        process = emulator.start(tmp_path, port, KEY_PAIR)
        try:
            clients("cloudformation").create_stack(StackName="s", TemplateBody=template)
            clients("cloudformation").get_waiter("stack_create_complete").wait(
                StackName="s", WaiterConfig={"Delay": 1}
            )
            (key,) = clients("kms").list_keys()["Keys"]
            made = clients("kms").generate_data_key(
                KeyId=key["KeyArn"], KeySpec="AES_256", EncryptionContext=context
            )
            blobs.append((made["CiphertextBlob"], made["Plaintext"]))
            for blob, plaintext in blobs:
                found = clients("kms").decrypt(
                    KeyId=key["KeyArn"], CiphertextBlob=blob, EncryptionContext=context
                )
                assert found["Plaintext"] == plaintext
        finally:
            process.stop()


def test_an_overwritten_object_fails_its_etag(
    running: tuple[Process, Clients], versions: list[str]
) -> None:
    assert versions
    with pytest.raises(ClientError, match=r"412|PreconditionFailed"):
        read(running[1]("s3"), Range="bytes=0-1", IfMatch='"0"')


def test_a_role_that_may_send_may_send_a_batch(running: tuple[Process, Clients]) -> None:
    _, clients = running
    queue = clients("sqs").create_queue(QueueName="q")["QueueUrl"]
    allowed = _as_user(clients, "sqs:SendMessage")
    allowed.send_message_batch(QueueUrl=queue, Entries=[{"Id": "0", "MessageBody": "x"}])
    refused = _as_user(clients, "sqs:ReceiveMessage")
    with pytest.raises(ClientError, match="AccessDenied"):
        refused.send_message_batch(QueueUrl=queue, Entries=[{"Id": "0", "MessageBody": "x"}])


def test_objects_outlive_the_process(folder: Path, versions: list[str]) -> None:
    port = free_port()
    again = emulator.start(folder, port, KEY_PAIR)
    try:
        s3 = Clients(port, KEY_PAIR)("s3")
        assert read(s3) == (200, b"abcdefghij")
        assert read(s3, Range="bytes=1-2", VersionId=versions[0]) == (206, b"12")
    finally:
        again.stop()


def _as_user(clients: Clients, action: str) -> AwsClient:
    iam = clients("iam")
    name = action.replace(":", "-")
    iam.create_user(UserName=name)
    key: dict[str, Any] = iam.create_access_key(UserName=name)["AccessKey"]
    allow = f'{{"Effect": "Allow", "Action": "{action}", "Resource": "*"}}'
    document = f'{{"Version": "2012-10-17", "Statement": [{allow}]}}'
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document)
    return boto3.client(
        "sqs",
        endpoint_url=clients.endpoint,
        region_name="us-east-1",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )
