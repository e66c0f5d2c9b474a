"""A chunk that two loaders try to stage, and one that is staged again."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from psycopg import sql

from functions.pipeline.load import encode_chunk
from functions.pipeline.load.stage_chunk import stage_chunk
from tests.integration.load.landing import Landing
from tests.integration.load.test_stage_chunk import BAD, HEADER, NULLS
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
    landing.admin.execute("SET ROLE waybill_owner")
    landing.admin.execute(sql.SQL("TRUNCATE {}").format(sql.Identifier("staging", f"s_{job.hex}")))
    landing.admin.execute("SELECT waybill.merge_job(%s)", (job,))
    landing.admin.execute("RESET ROLE")
    assert landing.rejects(job) == []
    landing.stage(job)
    assert (len(landing.staged(job)), len(landing.rejects(job))) == (1, 4)
