"""Two live attempts at the plan of one object: the later takes over, the earlier is refused."""

from typing import Any

import pytest

from functions.pipeline.plan import write_chunks
from tests.cloud.fixtures import Cloud
from tests.integration.path.steps import settle
from tests.integration.plan.object_events import deliver, elements, jobs, many, put
from tests.postgres.databases import Connection
from waybill.database.chunks import Chunks

pytestmark = pytest.mark.usefixtures("pipeline")


def test_a_duplicate_event_while_ranges_are_planned_loses_no_record(
    admin: Connection, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = put(cloud, "landing/departments/d.csv", many(400))
    monkeypatch.setenv("CHUNK_BYTES", "1000")
    real = Chunks.add

    def held(*arguments: Any) -> None:
        monkeypatch.setattr(Chunks, "add", real)
        monkeypatch.setenv("CHUNK_BYTES", "700")
        assert deliver(event) == []
        real(*arguments)

    monkeypatch.setattr(Chunks, "add", held)
    assert deliver(event) == []
    settle(cloud)
    (job,) = jobs(admin)
    assert (job["state"], job["read"], job["inserted"]) == ("COMPLETED", 400, 400)


@pytest.mark.parametrize("held_after", [1, 2, 5])
def test_a_duplicate_event_while_planning_loses_no_record(
    admin: Connection, cloud: Cloud, monkeypatch: pytest.MonkeyPatch, held_after: int
) -> None:
    event = put(cloud, "landing/departments/d.csv", elements(400))
    monkeypatch.setenv("CHUNK_BYTES", "1000")
    real = write_chunks._is_next
    written: list[int] = []

    def held(*arguments: Any) -> bool:
        written.append(arguments[-1])
        if len(written) == held_after:
            # The second attempt runs from start to end while the first one is held here.
            monkeypatch.setattr(write_chunks, "_is_next", real)
            monkeypatch.setenv("CHUNK_BYTES", "700")
            assert deliver(event) == []
        return real(*arguments)

    monkeypatch.setattr(write_chunks, "_is_next", held)
    assert deliver(event) == []
    settle(cloud)
    (job,) = jobs(admin)
    assert (job["state"], job["read"], job["inserted"]) == ("COMPLETED", 400, 400)
    assert admin.execute("SELECT count(*) FROM departments").fetchone() == (400,)
    ranges = admin.execute(
        "SELECT byte_from, byte_to FROM waybill.chunks ORDER BY chunk"
    ).fetchall()
    assert [begin for begin, _ in ranges[1:]] == [end for _, end in ranges[:-1]]
    outcomes = admin.execute(
        "SELECT error ->> 'type' FROM waybill.job_runs WHERE step = 'plan' ORDER BY run_id"
    ).fetchall()
    assert outcomes == [("plan-superseded",), (None,)]
