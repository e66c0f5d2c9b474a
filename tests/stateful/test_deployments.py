"""A deployment may change a step's settings between two tries of one message."""

from collections.abc import Iterator

import pytest

from tests.postgres.databases import Database
from tests.stateful.strikes import Strike
from tests.stateful.world import World

RECORDS = 60


@pytest.fixture
def world(world_template: Database) -> Iterator[World]:
    world = World(world_template.clone("deployed"), pytest.MonkeyPatch())
    world.open(chunk_bytes=100)
    yield world
    world.close()
    world.database.drop()


@pytest.mark.parametrize("chunk_bytes", [37, 250])
def test_a_plan_goes_on_with_chunks_of_another_size(world: World, chunk_bytes: int) -> None:
    body = b"n,what\n" + b"".join(b"%d,visit\n" % n for n in range(RECORDS))
    world.land("visits", "a.csv", body, 1)
    world.deliver("landed", 0, Strike(call=16, unseen=True))
    assert world.queues["landed"], "it was to die on the way"
    world.patch.setenv("CHUNK_BYTES", str(chunk_bytes))
    world.settle()
    with world.database.connect() as admin:
        admin.execute("SET ROLE waybill_owner")
        found = admin.execute("SELECT n FROM visits ORDER BY n").fetchall()
        lines = admin.execute("SELECT read FROM waybill.ingestion_jobs").fetchall()
    assert found == [(n,) for n in range(RECORDS)]
    assert lines == [(RECORDS,)]
