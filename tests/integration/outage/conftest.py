import json

import pytest

from tests.cloud.fixtures import QUEUES, Cloud

RECEIVES = 5


@pytest.fixture
def with_dead_letters(cloud: Cloud) -> Cloud:
    """The queues as the infrastructure makes them: what is received five times is put aside."""
    for name in QUEUES:
        url = cloud.sqs.create_queue(QueueName=f"{name}-dlq")["QueueUrl"]
        found = cloud.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        policy = {
            "deadLetterTargetArn": found["Attributes"]["QueueArn"],
            "maxReceiveCount": RECEIVES,
        }
        cloud.sqs.set_queue_attributes(
            QueueUrl=cloud.queues[name], Attributes={"RedrivePolicy": json.dumps(policy)}
        )
        cloud.queues[f"{name}-dlq"] = url
    return cloud
