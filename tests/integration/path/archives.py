"""Runs archives through the steps, with the events that S3 sends for their members."""

import json
from typing import Any

from tests.cloud.fixtures import LANDING, Cloud
from tests.cloud.lambda_events import Context, object_created
from tests.integration.path.steps import FUNCTIONS
from tests.postgres.databases import Connection


class MemberEvents:
    """Sends an event for each version of a member's object, once."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._seen: set[tuple[str, str]] = set()

    def send(self) -> None:
        listed = self._cloud.s3.list_object_versions(Bucket=LANDING, Prefix="landing/")
        for version in reversed(listed.get("Versions", [])):
            key = version["Key"]
            identity = (key, version["VersionId"])
            if key.count("/") < 4 or identity in self._seen:
                continue
            self._seen.add(identity)
            response: Any = {"ETag": version["ETag"], "VersionId": version["VersionId"]}
            event = object_created(
                LANDING, key, response, version["Size"], time="2026-03-01T11:00:00Z"
            )
            self._cloud.sqs.send_message(
                QueueUrl=self._cloud.queues["landed"], MessageBody=json.dumps(event)
            )


def settle_archives(cloud: Cloud, events: MemberEvents | None = None) -> None:
    """Deliver every message until none is left; one that must wait is delivered again."""
    events = events or MemberEvents(cloud)
    for _ in range(200):
        events.send()
        taken = {name: cloud.take(name) for name in FUNCTIONS}
        if not any(taken.values()):
            return
        for name, records in taken.items():
            for record in records:
                response = FUNCTIONS[name]({"Records": [record]}, Context())
                if response["batchItemFailures"]:
                    cloud.sqs.send_message(QueueUrl=cloud.queues[name], MessageBody=record["body"])
    raise AssertionError("messages are left")


def document(admin: Connection, filename: str) -> dict[str, Any]:
    """The job of the file, as the API shows it."""
    row = admin.execute(
        "SELECT d.document || waybill.members_document(d.job_id) FROM waybill.job_documents AS d"
        " JOIN waybill.ingestion_jobs AS j USING (job_id) WHERE j.filename = %s",
        (filename,),
    ).fetchone()
    assert row is not None, filename
    found: dict[str, Any] = row[0]
    return found
