"""A chunk that two loaders try to stage, and one that is staged again."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from functions.pipeline.load import encode_chunk, survey_chunk
from functions.pipeline.load.stage_chunk import stage_chunk
from tests.integration.load.landing import Landing
from tests.integration.load.test_stage_chunk import BAD, HEADER, NULLS
from tests.postgres.crash import empty_unlogged_tables
from tests.postgres.databases import Database
from tests.sql.blocked_calls import running, waits
from waybill.database.chunks import ChunkId
from waybill.database.connect import connect
from waybill.errors import Busy
from waybill.landing.objects import stream_range


def test_a_chunk_is_staged_by_one_of_two_live_loaders(
    landing: Landing, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = landing.land(HEADER + NULLS + BAD)
    reading, release = threading.Event(), threading.Event()

    def held(*arguments: Any) -> Iterator[bytes]:
        monkeypatch.setattr(encode_chunk, "stream_range", stream_range)
        reading.set()
        assert release.wait(30)
        return stream_range(*arguments)

    monkeypatch.setattr(encode_chunk, "stream_range", held)
    with ThreadPoolExecutor(1) as pool, connect(landing.deps.settings, "load") as connection:
        deps = landing.deps._replace(connection=connection, patience_seconds=30)
        first = pool.submit(stage_chunk, deps, ChunkId(job, 0))
        try:
            assert reading.wait(30)
            with running(lambda: landing.stage(job)) as second:
                assert not waits(database, second)
                with pytest.raises(Busy):
                    second.result()
        finally:
            release.set()
        first.result()
    assert (len(landing.staged(job)), len(landing.rejects(job))) == (1, 4)
    assert landing.cloud.bodies("merges") == [{"job_id": str(job)}]


def test_a_chunk_that_a_crash_emptied_has_its_rejects_once(landing: Landing) -> None:
    job = landing.land(HEADER + NULLS + BAD)
    landing.stage(job)
    empty_unlogged_tables(landing.admin)
    landing.admin.execute("SET ROLE waybill_owner")
    landing.admin.execute("SELECT waybill.merge_job(%s)", (job,))
    landing.admin.execute("RESET ROLE")
    assert landing.rejects(job) == []
    landing.stage(job)
    assert (len(landing.staged(job)), len(landing.rejects(job))) == (1, 4)


# Fields with line ends, quotes, and what looks like records of the same dataset.
_QUOTED = b'%d,,,,,,,,,"a ""%d""\n%d,,,,,,,,,""b,\r\n",,,,\n'


@pytest.mark.parametrize("cut", range(0, 60, 7))
def test_two_loaders_at_once_stage_what_one_does_though_quotes_stand_at_the_cut(
    landing: Landing, monkeypatch: pytest.MonkeyPatch, cut: int
) -> None:
    data = HEADER + b"".join(_QUOTED % (n, n, n) for n in range(100, 160)) + BAD + NULLS
    cuts = [len(data) // 3 + cut, 2 * len(data) // 3]
    whole, parts = landing.land(data), landing.land(data, cuts=cuts)
    landing.stage(whole)
    landing.cloud.bodies("merges")
    # Each has begun to read its range before the other one knows where that begins.
    both = threading.Barrier(2, timeout=30)

    def together(*arguments: Any) -> Iterator[bytes]:
        both.wait()
        return stream_range(*arguments)

    monkeypatch.setattr(survey_chunk, "_TAIL_BYTES", len(data))
    monkeypatch.setattr(survey_chunk, "stream_range", together)
    with ThreadPoolExecutor(2) as pool, connect(landing.deps.settings, "load") as other:
        loaders = [landing.deps, landing.deps._replace(connection=other)]
        runs = [
            pool.submit(stage_chunk, deps, ChunkId(parts, chunk))
            for chunk, deps in enumerate(loaders)
        ]
        for each in runs:
            each.result()
    # Whoever settles a range sends it; of the last one, which is not surveyed, the message is left.
    for message in [*landing.cloud.bodies("chunks"), {"chunk": 2}]:
        landing.stage(parts, message["chunk"])
    assert [chunk["done"] for chunk in landing.chunks(parts)] == [True] * 3
    assert {row["_waybill_chunk"] for row in landing.staged(parts)} == {0, 1, 2}
    assert [row | {"_waybill_chunk": 0} for row in landing.staged(parts)] == landing.staged(whole)
    seen = [
        [(r["line"], r["raw"], r["errors"]) for r in landing.rejects(j)] for j in (whole, parts)
    ]
    assert seen[0] == seen[1]
    assert landing.cloud.bodies("merges")[-1] == {"job_id": str(parts)}
