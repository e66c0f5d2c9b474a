"""The traces of a file, from the API through S3 and the queues to the merge, have its job's id."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from infra.local.clients import Clients
from tests.e2e.client_calls import load
from tests.e2e.faults import until, variables
from waybill_client import Waybill

pytestmark = pytest.mark.e2e
_STEPS = ("upload", "plan", "load", "merge")
_ROOT = "1-6b0bb4af-1b3efffbf0fe89258c604ec6"
Document = dict[str, Any]


@pytest.fixture
def daemon(aws: Clients) -> Iterator[list[Document]]:
    """What the functions send to the daemon beside them, as on AWS."""
    seen: list[Document] = []
    with ExitStack() as stack:
        listening = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        listening.bind(("127.0.0.1", 0))

        def receive() -> None:
            # An empty datagram ends it.
            while text := listening.recv(65536):
                seen.append(json.loads(text.partition(b"\n")[2]))

        thread = threading.Thread(target=receive)
        thread.start()
        host, port = listening.getsockname()
        names = {
            "AWS_XRAY_DAEMON_ADDRESS": f"{host}:{port}",
            "_X_AMZN_TRACE_ID": f"Root={_ROOT};Parent=53995c3f42cd8ad8;Sampled=1",
        }
        for step in _STEPS:
            stack.enter_context(variables(aws, step, names))
        yield seen
        listening.sendto(b"", (host, port))
        thread.join()


def test_each_step_of_a_file_is_found_by_its_job(
    waybill: Waybill, daemon: list[Document], tmp_path: Path
) -> None:
    job_id = load(waybill, tmp_path, "departments", "985,Traced\n")["job_id"]

    def found() -> set[str]:
        return {one["name"] for one in daemon if one["annotations"]["job_id"] == job_id}

    until(lambda: set(_STEPS) <= found(), "a step has no trace")
    for one in daemon:
        attributes = one["metadata"]["default"]
        assert attributes["service.name"] == "waybill"
        assert attributes["faas.name"] == f"waybill-local-{one['name']}"
        assert attributes["waybill.job.id"] == one["annotations"]["job_id"]
