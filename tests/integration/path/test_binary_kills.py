"""A step that is killed while it plans or loads Parquet leaves no record out, and none twice."""

import pyarrow as pa
import pytest

from tests.cloud.fixtures import Cloud
from tests.integration.path.killer import Killer
from tests.integration.path.steps import land, settle
from tests.integration.path.test_kills import ROWS, advance, kill_once
from tests.postgres.databases import Connection
from tests.unit.binary.encode import parquet


def body_of(trial: int) -> bytes:
    ids = range(1000 * trial, 1000 * trial + ROWS)
    table = pa.table({"id": list(ids), "department": [f"Department {n}" for n in ids]})
    return parquet(table, row_group_size=3)


@pytest.mark.parametrize("step", ["landed", "chunks"])
def test_a_kill_at_any_third_call_loses_nothing(
    admin: Connection, cloud: Cloud, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    monkeypatch.setenv("CHUNK_BYTES", "150")
    killer = Killer(monkeypatch)
    call = 0
    killed = True
    while killed:
        assert call < 200
        land(cloud, "departments", f"{call}.parquet", body_of(call), second=call % 60)
        advance(cloud, step)
        killed = kill_once(cloud, step, killer, call, unseen=bool(call % 2))
        settle(cloud)
        job = admin.execute(
            "SELECT state, read, inserted, chunks_total FROM waybill.ingestion_jobs"
            " WHERE filename = %s",
            (f"{call}.parquet",),
        ).fetchone()
        assert job == ("COMPLETED", ROWS, ROWS, 4), call
        lines = admin.execute(
            "SELECT count(*) FROM departments WHERE id / 1000 = %s", (call,)
        ).fetchone()
        assert lines == (ROWS,)
        call += 3
    assert call > 9
