"""A deployment may change a step's settings between two tries of one message."""

import json

import pytest

from tests.stateful.fake_cloud import FakeCloud
from tests.stateful.faults import Fault

RECORDS = 60


@pytest.mark.parametrize("chunk_bytes", [37, 250])
def test_a_plan_continues_with_another_chunk_size(fake_cloud: FakeCloud, chunk_bytes: int) -> None:
    body = json.dumps([{"n": n, "what": "visit"} for n in range(RECORDS)]).encode()
    fake_cloud.patch.setenv("CHUNK_BYTES", "100")
    fake_cloud.land("visits", "a.json", body, 1)
    fake_cloud.deliver("landed", 0, Fault(call=16, unseen=True))
    assert fake_cloud.queues["landed"], "it was to die on the way"
    fake_cloud.patch.setenv("CHUNK_BYTES", str(chunk_bytes))
    fake_cloud.settle()
    with fake_cloud.database.connect() as admin:
        admin.execute("SET ROLE waybill_owner")
        found = admin.execute("SELECT n FROM visits ORDER BY n").fetchall()
        lines = admin.execute("SELECT read FROM waybill.ingestion_jobs").fetchall()
    assert found == [(n,) for n in range(RECORDS)]
    assert lines == [(RECORDS,)]
