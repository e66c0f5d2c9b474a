"""Digests reach a webhook, Slack and a mailbox, from a deployed copy of the project."""

import base64
import json
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx
import pytest

from infra.bootstrap import ROOT
from infra.environments import DEFAULT_REGION, LOCAL_ACCOUNT
from infra.local.access_key import AccessKey
from infra.local.clients import Clients
from infra.local.postgres import free_port
from infra.local.status import Status
from tests.e2e.client_calls import load
from tests.e2e.project_copy import ProjectCopy, copy_project
from tests.integration.notify.receiver import is_genuine
from waybill_client import Waybill

pytestmark = pytest.mark.e2e

_KEY = f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
_PATIENCE_SECONDS = 180
_ARN = f"arn:aws:secretsmanager:{DEFAULT_REGION}:{LOCAL_ACCOUNT}:secret:waybill/local/receivers"
_DATASET = """
CREATE TABLE moorings (berth text PRIMARY KEY, metres integer NOT NULL);
SELECT waybill.register_dataset('moorings', notify => '{"erp": ["finished", "rejects"],
    "chat": ["rejects"], "crew": ["rejects"]}');
"""


class Port(NamedTuple):
    """A process that receives on a port, and what it has got."""

    number: int
    log: Path
    process: subprocess.Popen[bytes]

    def got(self, count: int, cloud: Clients) -> list[dict[str, Any]]:
        """What came, once there are so many; the outbox is published meanwhile."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            lines = self.log.read_text().splitlines() if self.log.exists() else []
            if len(lines) >= count or time.monotonic() > deadline:
                assert len(lines) == count, self.log
                return [json.loads(line) for line in lines]
            cloud("lambda").invoke(FunctionName="waybill-local-publish", Payload=b"{}")
            time.sleep(0.5)


def _start(folder: Path, script: str, *arguments: str) -> Port:
    number, log = free_port(), folder / f"{Path(script).stem}-{len(list(folder.iterdir()))}.log"
    log.touch()
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "tests" / script), str(number), str(log), *arguments]
    )
    return Port(number, log, process)


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Port]]:
    """The receivers; the first response of the webhook's is 500."""
    folder = tmp_path_factory.mktemp("receivers")
    started = {
        "erp": _start(folder, "integration/notify/receiver.py", "500", "200"),
        "chat": _start(folder, "integration/notify/receiver.py", "200"),
        "crew": _start(folder, "e2e/smtp_sink.py"),
    }
    yield started
    for port in started.values():
        port.process.terminate()
        port.process.wait()


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory, ports: dict[str, Port]) -> Iterator[ProjectCopy]:
    tree = copy_project(tmp_path_factory.mktemp("notified") / "waybill")
    receivers = {
        "erp": f'kind = "webhook"\nurl = "http://127.0.0.1:{ports["erp"].number}/hook"\n'
        f'signing_secret = "{_ARN}/erp"\n',
        "chat": f'kind = "slack"\nurl_secret = "{_ARN}/chat"\n',
        "crew": 'kind = "email"\naddresses = ["pier@example.com"]\n',
    }
    (tree.folder / "sql/receivers").mkdir()
    for name, text in receivers.items():
        file = tree.folder / "sql/receivers" / f"{name}.toml"
        file.write_text(f"{text}quiet_seconds = 0\n")
    (tree.folder / "sql/datasets/moorings.sql").write_text(_DATASET)
    tree.environment["WAYBILL_SMTP"] = f"127.0.0.1:{ports['crew'].number}"
    try:
        tree.run("make up")
        yield tree
    finally:
        tree.run("make down ERASE=1")


def _cloud(status: Status) -> Clients:
    port = urlsplit(str(status.aws_endpoint_url)).port
    assert port is not None
    key = AccessKey(str(status.aws_access_key_id), str(status.aws_secret_access_key))
    return Clients(port, key)


def test_digests_are_received(tree: ProjectCopy, ports: dict[str, Port], tmp_path: Path) -> None:
    status = tree.status()
    cloud = _cloud(status)
    chat = f"http://127.0.0.1:{ports['chat'].number}/services/x"
    for name, fields in (("erp", {"key": _KEY}), ("chat", {"url": chat})):
        cloud("secretsmanager").create_secret(
            Name=f"waybill/local/receivers/{name}", SecretString=json.dumps(fields)
        )
    with Waybill(str(status.api), token=status.token) as waybill:
        job = load(waybill, tmp_path, "moorings", "berth,metres\na,1\nb,none\n")
        first, second = ports["erp"].got(2, cloud)
        assert first["headers"]["webhook-id"] == second["headers"]["webhook-id"]
        assert is_genuine(second["headers"], second["body"].encode(), _KEY)
        data = json.loads(second["body"])["data"]
        assert (data["counts"]["rejects"], data["records"]["rejected"]) == (1, 1)
        link = f"{status.console}#/jobs/{job['job_id']}"
        assert (data["events"][0]["job_id"], data["events"][0]["link"]) == (job["job_id"], link)
        (message,) = ports["chat"].got(1, cloud)
        assert "1 with rejects (moorings)" in json.loads(message["body"])["text"]
        (mail,) = ports["crew"].got(1, cloud)
        assert (mail["to"], mail["subject"]) == (
            ["pier@example.com"],
            "Waybill: 1 with rejects (moorings)",
        )
        assert all(link in one for one in (message["body"], mail["text"]))
        _check_page(str(status.console), link)
        _publish_again(cloud, data["id"])
        load(waybill, tmp_path, "moorings", "berth,metres\nc,1\n")
        *_, last = ports["erp"].got(3, cloud)
        assert last["headers"]["webhook-id"] != first["headers"]["webhook-id"]


def _check_page(console: str, link: str) -> None:
    """The link leads to the page of a job, as the console is served here."""
    page, _, fragment = link.partition("#")
    assert page == console
    assert fragment.startswith("/jobs/")
    response = httpx.get(page)
    assert (response.status_code, "<title>" in response.text) == (200, True)


def _publish_again(cloud: Clients, digest: str) -> None:
    """Put the event of a digest on the bus once more; it is handled when this returns."""
    stored = cloud("s3").get_object(Bucket="waybill-local-state", Key=f"deliveries/{digest}.json")
    delivery = json.loads(stored["Body"].read())
    detail = {"receiver": delivery["receiver"], "content": delivery["content"]}
    event = {"Source": "waybill", "DetailType": "digest.made", "Detail": json.dumps(detail)}
    cloud("events").put_events(Entries=[event])
    response = cloud("lambda").invoke(
        FunctionName="waybill-local-notify", Payload=json.dumps({"detail": detail}).encode()
    )
    assert json.loads(response["Payload"].read())["state"] == "sent"
