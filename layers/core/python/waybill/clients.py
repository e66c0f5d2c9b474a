"""The boto3 clients: signature, addressing, timeouts, and the meaning of their errors.

Presigned URLs must work where the client is. On AWS that takes signature v4, the region's
host and virtual addressing: the global host answers 307, which breaks a browser's preflight.
With `AWS_ENDPOINT_URL` (the local stack) the bucket is in the path instead.
"""

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Protocol, cast

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from waybill.errors import Retryable, Transient, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_apigateway import APIGatewayClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_scheduler import EventBridgeSchedulerClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

_TIMES = Config(
    connect_timeout=3,
    read_timeout=20,
    retries={"mode": "standard", "total_max_attempts": 4},
)
# Codes of S3's responses of 500 and above.
_FAILING = frozenset(("InternalError", "ServiceUnavailable", "SlowDown"))
CONFLICTS = ("PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey", "412", "409")
"""Codes of a conditional write of an object that another process wrote or deleted meanwhile."""
_MISSING, _REFUSED = ("404", "NoSuchKey"), ("403", "AccessDenied")


def _at_an_endpoint() -> bool:
    return bool(os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL"))


class TopicClient(Protocol):
    """The SNS client, as far as it is used."""

    def publish(self, *, TopicArn: str, Subject: str, Message: str) -> object:  # noqa: N803
        """Publish a message to a topic."""


@cache
def s3_client() -> "S3Client":
    """The S3 client, cached for the process."""
    addressing = Config(
        signature_version="s3v4",
        s3={"addressing_style": "path" if _at_an_endpoint() else "virtual"},
    )
    return boto3.client("s3", config=_TIMES.merge(addressing))


@cache
def sqs_client() -> "SQSClient":
    """The SQS client, cached for the process."""
    return boto3.client("sqs", config=_TIMES)


@cache
def scheduler_client() -> "EventBridgeSchedulerClient":
    """The EventBridge Scheduler client, cached for the process."""
    return boto3.client("scheduler", config=_TIMES)


@cache
def lambda_client() -> "LambdaClient":
    """The Lambda client, cached for the process. A call that fails is not repeated."""
    once = Config(read_timeout=25, retries={"total_max_attempts": 1})
    return boto3.client("lambda", config=_TIMES.merge(once))


@cache
def secretsmanager_client() -> "SecretsManagerClient":
    """The Secrets Manager client, cached for the process."""
    return boto3.client("secretsmanager", config=_TIMES)


@cache
def sns_client() -> TopicClient:
    """The SNS client, cached for the process."""
    return cast(TopicClient, boto3.client("sns", config=_TIMES))


@cache
def events_client() -> "EventBridgeClient":
    """The EventBridge client, cached for the process."""
    return boto3.client("events", config=_TIMES)


@cache
def apigateway_client() -> "APIGatewayClient":
    """The client of API Gateway, cached for the process."""
    return boto3.client("apigateway", config=_TIMES)


@cache
def kms_client() -> "KMSClient":
    """The KMS client, cached for the process."""
    return boto3.client("kms", config=_TIMES)


def code_of(error: ClientError) -> str:
    """The error code of the service, e.g. `NoSuchKey`."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def storage_reached() -> Iterator[None]:
    """Raise network errors and 5xx responses of S3 as `Unavailable`.

    Raises:
        Unavailable: `storage-unavailable`, the network or S3 itself fails.
        ClientError: any other error response, which the caller interprets.
    """
    try:
        yield
    except ClientError as error:
        if int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)) < 500:
            raise
        raise Unavailable("storage-unavailable", "The storage cannot be reached.") from error
    except BotoCoreError as error:
        raise Unavailable("storage-unavailable", "The storage cannot be reached.") from error


def storage_error(what: str, codes: Collection[str]) -> Retryable:
    """The error for codes of S3 that nobody expects; `what` says of what, as it may be shown.

    It passes where S3 fails or is too busy for some objects, as it says in a response of 200.
    """
    passes = bool(codes) and _FAILING.issuperset(codes)
    kind = Transient if passes else Retryable
    return kind("storage-error", f"{what}: {', '.join(sorted(codes))}")


def read_object(s3: "S3Client", bucket: str, key: str) -> bytes | None:
    """A small object's content; None if there is no such object.

    Raises:
        Unavailable: `storage-unavailable`.
        ClientError: the caller may not read the object.
    """
    found = find_object(s3, bucket, key)
    return None if found is None else found[0]


def find_object(s3: "S3Client", bucket: str, key: str) -> tuple[bytes, str] | None:
    """A small object's content and ETag; None if there is no such object.

    Raises:
        Unavailable: `storage-unavailable`.
        ClientError: the caller may not read the object.
    """
    with storage_reached():
        try:
            found = s3.get_object(Bucket=bucket, Key=key)
            return found["Body"].read(), found["ETag"]
        except ClientError as error:
            if _is_missing(error, s3, bucket, key):
                return None
            raise


def object_exists(s3: "S3Client", bucket: str, key: str) -> bool:
    """Whether there is such an object.

    Raises:
        Unavailable: `storage-unavailable`.
        ClientError: the caller may not read the object.
    """
    with storage_reached():
        try:
            s3.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if _is_missing(error, s3, bucket, key):
                return False
            raise
        return True


def _is_missing(error: ClientError, s3: "S3Client", bucket: str, key: str) -> bool:
    """Whether S3 refused a request because there is no such object.

    It responds 403 for a missing key when the caller's ListBucket permission is limited to a
    prefix, so after a 403 that prefix is listed. Emulators respond 404 to everybody.
    """
    code = code_of(error)
    if code in _REFUSED:
        # Of the keys that begin with it, it is the first.
        listed = s3.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1)
        return all(each["Key"] != key for each in listed.get("Contents", ()))
    return code in _MISSING
