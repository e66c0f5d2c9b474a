"""Receive and delete as Lambda's pollers do: what fails stays in the queue."""

from collections.abc import Mapping
from typing import Any

from tests.cloud.fixtures import Cloud
from tests.integration.path.steps import FUNCTIONS, Context


def poll(cloud: Cloud, name: str) -> int:
    """Let the step try every message that is there now, once; the number of failures."""
    url = cloud.queues[name]
    failed = 0
    for message in _receive(cloud, url):
        record: Mapping[str, Any] = {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message["Attributes"],
            "messageAttributes": {
                key: {"stringValue": value["StringValue"]}
                for key, value in message.get("MessageAttributes", {}).items()
            },
        }
        if FUNCTIONS[name]({"Records": [record]}, Context())["batchItemFailures"]:
            failed += 1
        else:
            cloud.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return failed


def _receive(cloud: Cloud, url: str) -> list[Any]:
    found: list[Any] = []
    while True:
        answer = cloud.sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            VisibilityTimeout=60,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        if not answer.get("Messages"):
            return found
        found += answer["Messages"]
