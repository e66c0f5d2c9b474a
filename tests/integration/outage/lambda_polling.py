"""Receive and delete as Lambda's pollers do: what fails stays in the queue."""

from typing import Any

from tests.cloud.fixtures import Cloud
from tests.cloud.lambda_events import Context, sqs_record
from tests.integration.path.steps import FUNCTIONS


def poll(cloud: Cloud, name: str) -> int:
    """Let the step try every message that is there now, once; the number of failures."""
    url = cloud.queues[name]
    failed = 0
    for message in _receive(cloud, url):
        values = message.get("MessageAttributes", {})
        record = sqs_record(
            message["Body"],
            receipt_handle=message["ReceiptHandle"],
            receives=int(message["Attributes"]["ApproximateReceiveCount"]),
            attributes={key: value["StringValue"] for key, value in values.items()},
        )
        if FUNCTIONS[name]({"Records": [record]}, Context())["batchItemFailures"]:
            failed += 1
        else:
            cloud.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return failed


def _receive(cloud: Cloud, url: str) -> list[Any]:
    found: list[Any] = []
    while True:
        response = cloud.sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            VisibilityTimeout=60,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        if not response.get("Messages"):
            return found
        found += response["Messages"]
