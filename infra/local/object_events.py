"""Re-emits the events of objects that were not processed before the stack stopped.

The emulator loses its queues when it stops. A second event for an object is harmless: every
object version is loaded once.
"""

import json
from datetime import UTC, datetime
from typing import Any

from infra.local.clients import Clients
from infra.local.deployer import Outputs


def reemit_object_events(clients: Clients, outputs: Outputs, since: datetime) -> int:
    """Send "Object Created" for objects written at or after `since`; returns how many."""
    prefixes = (
        (outputs["LandingBucketName"], "landing/"),
        (outputs["StateBucketName"], "tickets/"),
    )
    sent = 0
    for bucket, prefix in prefixes:
        pages = (
            clients("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        )
        for page in pages:
            for found in page.get("Contents", []):
                if found["LastModified"] >= since and found["Size"]:
                    body = json.dumps(_event(bucket, found))
                    clients("sqs").send_message(
                        QueueUrl=outputs["LandedQueueUrl"], MessageBody=body
                    )
                    sent += 1
    return sent


def _event(bucket: str, found: dict[str, Any]) -> dict[str, Any]:
    written = found["LastModified"].astimezone(UTC)
    return {
        "version": "0",
        "source": "aws.s3",
        "detail-type": "Object Created",
        "time": datetime.strftime(written, "%Y-%m-%dT%H:%M:%SZ"),
        "resources": [f"arn:aws:s3:::{bucket}"],
        "detail": {
            "version": "0",
            "bucket": {"name": bucket},
            "object": {
                "key": found["Key"],
                "size": found["Size"],
                "etag": found["ETag"].strip('"'),
            },
            "reason": "PutObject",
        },
    }
