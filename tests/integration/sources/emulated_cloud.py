"""The local stack's emulator as a cloud that processes share."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
import pytest

from infra.local import emulator
from infra.local.access_key import AccessKey
from infra.local.postgres import free_port
from tests.cloud.fixtures import LANDING, QUEUES, REGION, STATE, Cloud, forget_clients
from waybill import clients


@contextmanager
def emulated_cloud(folder: Path) -> Iterator[Cloud]:
    """Buckets and queues of an emulator of its own, which this process's environment names."""
    key, port = AccessKey.generate(), free_port()
    process = emulator.start(folder, port, key)
    try:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in key.variables.items():
                patch.setenv(name, value)
            patch.setenv("AWS_DEFAULT_REGION", REGION)
            patch.setenv("AWS_ENDPOINT_URL", emulator.endpoint(port))
            # It keeps the credentials that it was made with.
            patch.setattr(boto3, "DEFAULT_SESSION", None)
            forget_clients()
            yield _filled()
    finally:
        forget_clients()
        process.stop()


def _filled() -> Cloud:
    s3, sqs = clients.s3_client(), clients.sqs_client()
    for bucket in (LANDING, STATE):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket=LANDING, VersioningConfiguration={"Status": "Enabled"})
    queues = {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in QUEUES}
    key = clients.kms_client().create_key()["KeyMetadata"]["Arn"]
    return Cloud(s3, sqs, clients.events_client(), queues, [], key)
