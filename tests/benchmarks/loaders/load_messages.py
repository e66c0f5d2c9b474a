"""A loader: `load_messages.py PORT DATABASE`, as `warm_loader` starts and asks them.

A line of its input is a message and what the objects hold, by key: a file or a generated case.
Answers with each message that is sent meanwhile, as it is sent, and at the end with what the
process has used so far.
"""

import json
import logging
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.load_contenders import CHUNK_BYTES
from tests.benchmarks.loaders.stage_object import GENERATED, GeneratedS3, peak_megabytes
from tests.postgres.databases import Database
from tests.stateful.fake_aws import Message
from tests.stateful.fake_cloud import QUEUES, FakeCloud


class _Sent(list[Message]):
    """A queue of whoever started this process."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def append(self, message: Message) -> None:
        """Send it on at once: others may take it while this one is at work."""
        _say({"queue": self._name, "message": asdict(message)})


def _say(document: Any) -> None:
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


def _show(s3: GeneratedS3, key: str, content: str) -> None:
    if content in GENERATED:
        s3.generated[key] = GENERATED[content]()
    else:
        s3.files[key] = Path(content)


def main() -> None:
    """Load what is asked for."""
    port, name = sys.argv[1:]
    logging.getLogger("waybill").setLevel(logging.ERROR)
    s3 = GeneratedS3()
    queues: dict[str, list[Message]] = {queue: _Sent(queue) for queue in QUEUES}
    cloud = FakeCloud(Database(int(port), name), pytest.MonkeyPatch(), s3, queues=queues)
    cloud.open(chunk_bytes=CHUNK_BYTES)
    begun = time.process_time()

    def say_used() -> None:
        _say({"used": {"cpu": time.process_time() - begun, "megabytes": peak_megabytes()}})

    say_used()
    for line in sys.stdin:
        order = json.loads(line)
        for key, content in order["objects"].items():
            _show(s3, key, content)
        cloud.hand_over("chunks", Message(**order["message"]))
        say_used()


if __name__ == "__main__":
    main()
