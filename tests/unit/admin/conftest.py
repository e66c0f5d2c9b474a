from collections.abc import Iterator

import pytest

from functions.api.admin.deps import deps
from tests.cloud.fixtures import LANDING, STATE, Cloud


@pytest.fixture(autouse=True)
def _environment(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The queues with their dead-letter queues, `<name>-dlq`."""
    monkeypatch.setenv("LANDING_BUCKET", LANDING)
    monkeypatch.setenv("STATE_BUCKET", STATE)
    for name, url in list(cloud.queues.items()):
        dead = cloud.sqs.create_queue(QueueName=f"{name}-dlq")["QueueUrl"]
        cloud.queues[f"{name}-dlq"] = dead
        monkeypatch.setenv(f"{name.upper()}_QUEUE_URL", url)
        monkeypatch.setenv(f"{name.upper()}_DLQ_URL", dead)
    deps.cache_clear()
    yield
    deps.cache_clear()
