"""DELETE /jobs/{id} while the job is merged; each function acts as its own role."""

import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from uuid import UUID

import pytest

from tests.postgres.databases import Connection, Database
from tests.sql.staging import Ledger
from tests.unit.jobs.conftest import Ask
from waybill.database.merges import MergeResult, Merges
from waybill.errors import Transient

SLOW = """
CREATE TABLE slow (id int PRIMARY KEY);
CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS
$f$ BEGIN PERFORM pg_sleep(20); RETURN NEW; END $f$;
CREATE TRIGGER dawdle BEFORE INSERT ON slow FOR EACH ROW EXECUTE FUNCTION dawdle();
SELECT waybill.register_dataset('slow')
"""
# The first call finds no merge, as if the merge began just after it.
BLIND_ONCE = """
ALTER FUNCTION waybill.cancel_merge RENAME TO really_cancel_merge;
CREATE FUNCTION waybill.cancel_merge(p_job uuid) RETURNS void LANGUAGE plpgsql AS
$f$ BEGIN
    IF current_setting('test.looked', true) = 'yes' THEN
        PERFORM waybill.really_cancel_merge(p_job);
    END IF;
    PERFORM set_config('test.looked', 'yes', true);
END $f$
"""
SLEEPS = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE wait_event = 'PgSleep' AND datname = current_database()"
)


@contextmanager
def merging(database: Database, job: UUID) -> Iterator[Future[MergeResult]]:
    """The function `merge` at work on a job."""
    with (
        ThreadPoolExecutor(1) as pool,
        database.connect("waybill_merge") as connection,
    ):
        yield pool.submit(Merges(connection).merge, job)


def staged(ledger: Ledger, dataset: str, *records: tuple[object, ...]) -> UUID:
    job = ledger.land(dataset, 1)
    ledger.stage(job, dataset, records)
    return job


def left_of(admin: Connection, job: UUID) -> tuple[str, int, int]:
    """State, rejects and staging tables of the job."""
    row = admin.execute(
        "SELECT state, (SELECT count(*) FROM waybill.validation_errors WHERE job_id = %(job)s),"
        " (SELECT count(*) FROM pg_class WHERE relname = waybill.stage_name(%(job)s))"
        " FROM waybill.ingestion_jobs WHERE job_id = %(job)s",
        {"job": job},
    ).fetchone()
    assert row is not None
    state, rejects, stages = row
    return str(state), int(rejects), int(stages)


@pytest.mark.parametrize("begins_beside_it", [False, True])
def test_a_job_is_cancelled_while_its_merge_runs(
    ask: Ask, ledger: Ledger, begins_beside_it: bool
) -> None:
    ledger.declare(SLOW)
    if begins_beside_it:
        ledger.declare(BLIND_ONCE)
    job = staged(ledger, "slow", (1,), (2,))
    with merging(ledger.database, job) as merge:
        while ledger.rows(SLEEPS) == [(0,)]:
            time.sleep(0.01)
        assert ask("DELETE", f"/jobs/{job}").status == 202
        with pytest.raises(Transient):
            merge.result()
    assert left_of(ledger.admin, job) == ("CANCELLED", 0, 0)
    assert ledger.rows("SELECT count(*) FROM slow") == [(0,)]
    # The message is delivered again, and finds the job ended.
    with merging(ledger.database, job) as again:
        assert (again.result().outcome, again.result().state) == ("ended", "CANCELLED")


def test_a_cancellation_at_any_moment_of_a_merge_gets_its_result(ask: Ask, ledger: Ledger) -> None:
    rows = [(number, f"Department {number}") for number in range(3000)]
    draw, loaded = random.Random(7), 0
    for _ in range(12):
        ledger.declare("TRUNCATE departments CASCADE")
        job = staged(ledger, "departments", *rows)
        with merging(ledger.database, job) as merge:
            threading.Event().wait(draw.uniform(0, 0.15))
            cancelled = ask("DELETE", f"/jobs/{job}")
            if cancelled.status == 202:
                expected, loaded = "CANCELLED", 0
            else:
                assert cancelled.problem() == (409, "job-ended")
                expected, loaded = "COMPLETED", len(rows)
            assert merge.exception() is None or isinstance(merge.exception(), Transient)
        assert left_of(ledger.admin, job) == (expected, 0, 0)
        assert ledger.rows("SELECT count(*) FROM departments") == [(loaded,)]
