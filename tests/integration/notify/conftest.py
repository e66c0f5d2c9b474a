"""The function with real HTTP receivers, and AWS at the edge."""

import base64
import json
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from functions.pipeline.notify.handler import handle
from tests.cloud.fixtures import REGION, STATE, Cloud
from tests.cloud.lambda_events import Context
from tests.integration.notify.receiver import Receiver
from waybill import clients
from waybill.ids import new_id

KEY = f"whsec_{base64.b64encode(bytes(range(32))).decode()}"
OLD_KEY = f"whsec_{base64.b64encode(bytes(range(32, 64))).decode()}"
GROUP = "waybill-test-deliveries"
EVENT = json.loads(Path("events/notify.json").read_text())


class Notify(NamedTuple):
    """The function, and what is around it."""

    cloud: Cloud
    receiver: Receiver

    def event(self, **receiver: Any) -> dict[str, Any]:
        """The event of a new digest for a webhook, or for a receiver with these fields."""
        made: dict[str, Any] = json.loads(json.dumps(EVENT))
        made["detail"]["content"]["id"] = str(new_id())
        declared = {"signing_secret": self.secret(key=KEY), "url": self.receiver.url}
        made["detail"]["receiver"].update(declared)
        if receiver:
            made["detail"]["receiver"] = {"name": "crew", **receiver}
        return made

    def secret(self, **fields: str) -> str:
        """A new secret of receivers; its ARN."""
        name = f"waybill/test/receivers/{new_id()}"
        made = clients.secretsmanager_client().create_secret(
            Name=name, SecretString=json.dumps(fields)
        )
        return str(made["ARN"])

    def schedules(self) -> list[dict[str, Any]]:
        """The attempts to come, the earliest first, as the function is called for them."""
        return [json.loads(one["Target"]["Input"]) for one in self._schedules()]

    def times(self) -> list[datetime]:
        """When they are made."""
        return [
            datetime.fromisoformat(f"{one['ScheduleExpression'][3:-1]}+00:00")
            for one in self._schedules()
        ]

    def _schedules(self) -> list[Any]:
        scheduler = clients.scheduler_client()
        listed = scheduler.list_schedules(GroupName=GROUP)["Schedules"]
        found = [scheduler.get_schedule(Name=one["Name"], GroupName=GROUP) for one in listed]
        return sorted(
            found, key=lambda one: (int(one["Name"].rpartition("-")[2]), one["ScheduleExpression"])
        )


def run(event: dict[str, Any]) -> str:
    """Call the function; the state of the delivery."""
    return handle(event, Context())["state"]


def _forget() -> None:
    for client in (clients.scheduler_client, clients.secretsmanager_client, clients.sns_client):
        client.cache_clear()


@pytest.fixture
def notify(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Notify]:
    """The function, permitted to reach receivers on this machine."""
    _forget()
    values = {
        "STATE_BUCKET": STATE,
        "RECEIVER_NETWORKS": "127.0.0.0/8",
        "RECEIVER_PLAIN_HTTP": "true",
        "RECEIVER_SECRETS": "waybill/test/receivers/",
        "TOPIC_PREFIX": f"arn:aws:sns:{REGION}:123456789012:waybill-test-notify-",
        "CONSOLE_URL": "https://console.example/",
        "DELIVERY_GROUP": GROUP,
        "DELIVERY_TARGET": f"arn:aws:lambda:{REGION}:123456789012:function:waybill-test-notify",
        "DELIVERY_ROLE": "arn:aws:iam::123456789012:role/schedules",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    clients.scheduler_client().create_schedule_group(Name=GROUP)
    receiver = Receiver([200])
    thread = threading.Thread(target=receiver.serve_forever, daemon=True)
    thread.start()
    yield Notify(cloud, receiver)
    receiver.shutdown()
    receiver.server_close()
    thread.join()
    _forget()
