"""Runs of sources from the request to the table, with S3's events and Lambda's polling."""

import json
import random
from collections.abc import Mapping
from typing import Any

from functions.pipeline.extract.handler import handle as extract
from tests.cloud.fixtures import LANDING, STATE, Cloud
from tests.cloud.lambda_events import Context, object_created
from tests.integration.path.steps import settle

SECRETS = "waybill/test/sources/"
EXTRACT_SETTINGS: Mapping[str, str] = {
    "SOURCE_NETWORKS": "127.0.0.0/8",
    "SOURCE_PLAIN_HTTP": "true",
    "SOURCE_SECRETS": SECRETS,
    # Every page is saved, and the time of an invocation is never over.
    "CHECKPOINT_BYTES": "1",
    "SPARE_SECONDS": "0",
}


def extract_once(cloud: Cloud) -> int:
    """Handle what is in the queue of runs, once; how many messages there were."""
    records = cloud.take("extracts")
    for record in records:
        assert extract({"Records": [record]}, Context()) == {"batchItemFailures": []}
    return len(records)


def deliver_events(cloud: Cloud) -> None:
    """Send S3's event of every ticket and every landed object, again and in any order."""
    events = [_event(cloud, STATE, "tickets/"), _event(cloud, LANDING, "landing/")]
    found = [event for group in events for event in group]
    random.Random(7).shuffle(found)
    for event in found:
        cloud.sqs.send_message(QueueUrl=cloud.queues["landed"], MessageBody=json.dumps(event))


def _event(cloud: Cloud, bucket: str, prefix: str) -> list[dict[str, Any]]:
    listed = cloud.s3.list_object_versions(Bucket=bucket, Prefix=prefix).get("Versions", [])
    return [
        object_created(
            bucket,
            one["Key"],
            {"ETag": one["ETag"], **({"VersionId": one["VersionId"]} if bucket == LANDING else {})},
            one["Size"],
            time=f"{one['LastModified']:%Y-%m-%dT%H:%M:%SZ}",
        )
        for one in listed
    ]


def run_through(cloud: Cloud, rounds: int = 60) -> None:
    """Extract, load and merge until nothing is left."""
    for _ in range(rounds):
        if not extract_once(cloud) and not cloud.waiting("extracts"):
            break
    else:
        raise AssertionError("the run does not end")
    deliver_events(cloud)
    settle(cloud)
