"""A loader: `load_messages.py PORT DATABASE CASE`, a message a line, as `fan_out` sends them.

Answers each with those that were sent meanwhile, and the end of its input with what it took.
"""

import json
import sys
import time
from typing import Any

import pytest

from tests.benchmarks.loaders.stage_object import (
    CASES,
    MIB,
    QUOTED,
    GeneratedS3,
    peak_megabytes,
)
from tests.postgres.databases import Database
from tests.stateful.fake_aws import Message
from tests.stateful.fake_cloud import LANDING, FakeCloud

KEY = "landing/simple_hires/1.csv"


def cloud_with(database: Database, case: str) -> FakeCloud:
    """The cloud in which the object of this case has landed."""
    s3 = GeneratedS3()
    cloud = FakeCloud(database, pytest.MonkeyPatch(), s3)
    cloud.open(chunk_bytes=64 * MIB)
    s3.put_object(Bucket=LANDING, Key=KEY, Body=b"")
    s3.generated[KEY] = {**CASES, **QUOTED}[case]
    return cloud


def _say(document: Any) -> None:
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Load what is asked for."""
    port, name, case = sys.argv[1:]
    cloud = cloud_with(Database(int(port), name), case)
    _say("ready")
    begun = time.process_time()
    for line in sys.stdin:
        cloud.queues["chunks"].append(Message(line.strip()))
        cloud.deliver("chunks", 0)
        _say([message.body for message in cloud.queues["chunks"]])
        cloud.queues["chunks"].clear()
    _say({"cpu": time.process_time() - begun, "megabytes": peak_megabytes()})


if __name__ == "__main__":
    main()
