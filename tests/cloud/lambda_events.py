"""Events and context as Lambda passes them to a function."""

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext


class Context(LambdaContext):
    """A context of a function that has a minute left."""

    _aws_request_id = "a-request"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 60_000


def sqs_record(
    body: str,
    *,
    message_id: str = "m",
    receipt_handle: str = "r",
    receives: int = 1,
    attributes: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """One message, as an event source mapping hands it over."""
    return {
        "messageId": message_id,
        "receiptHandle": receipt_handle,
        "body": body,
        "attributes": {"ApproximateReceiveCount": str(receives)},
        "messageAttributes": {
            name: {"stringValue": value} for name, value in (attributes or {}).items()
        },
    }


def sqs_event(*bodies: str) -> dict[str, Any]:
    """A batch of messages, numbered from 0."""
    return {
        "Records": [sqs_record(body, message_id=str(number)) for number, body in enumerate(bodies)]
    }


def object_created(
    bucket: str, key: str, response: Mapping[str, Any], size: int, *, time: str, **more: str
) -> dict[str, Any]:
    """EventBridge's event for an object; `response` is S3's to the PutObject that wrote it."""
    version = {"version-id": response["VersionId"]} if "VersionId" in response else {}
    return {
        "source": "aws.s3",
        "detail-type": "Object Created",
        "time": time,
        "detail": {
            "bucket": {"name": bucket},
            "object": {
                "key": key,
                "size": size,
                "etag": response["ETag"].strip('"'),
                **version,
                **more,
            },
        },
    }


def object_event(s3: Any, bucket: str, key: str, *, time: str) -> dict[str, Any]:
    """EventBridge's event for the newest version of an object that is there."""
    head = s3.head_object(Bucket=bucket, Key=key)
    return object_created(bucket, key, head, head["ContentLength"], time=time)
