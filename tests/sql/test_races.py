"""Concurrent transactions, and steps that are killed between two calls."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from psycopg import errors

from tests.postgres.crash import empty_unlogged_tables
from tests.sql.staging import Ledger
from tests.sql.unseen_tables import register

HIRE = [(1, "N", "2021-05-01T00:00:00Z", 1, None)]


def test_a_parent_that_commits_while_its_child_merges_is_found(ledger: Ledger) -> None:
    child = ledger.land("hired_employees", 1)
    ledger.stage(child, "hired_employees", HIRE)
    ledger.loader.execute("SELECT waybill.chunks_left(%s)", (child,))
    parent = ledger.land("departments", 2)
    ledger.stage(parent, "departments", [(1, "Sales")])
    other = ledger.database.connect("pipeline")
    with other, other.transaction():
        other.execute("SELECT waybill.merge_job(%s)", (child,))
        # The child has not seen the parent, and the parent does not see it pending.
        woken = ledger.merge(parent)
        assert woken["pending"] == []
    assert str(child) in woken["unblocked"]
    assert ledger.waybill(child) == {"read": 1, "pending_reference": 1}
    for job in ledger.merge(child)["pending"]:
        ledger.resolve(UUID(job))
    assert ledger.waybill(child) == {"read": 1, "inserted": 1}


def test_chunks_lost_in_a_crash_are_named_until_they_are_staged(ledger: Ledger) -> None:
    job = ledger.land("departments", 1)
    ledger.stage(job, "departments", [(1, "Sales")])
    empty_unlogged_tables(ledger.admin)
    # The merge step may die before it has sent the chunks: it must be told again.
    for _ in range(2):
        response = ledger.merge(job)
        assert (response["outcome"], response["chunks"]) == ("restage", [0])
    ledger.stage_chunk(job, ["id", "department"], False, [(1, "Sales")])
    assert ledger.merge(job)["outcome"] == "merged"
    assert ledger.waybill(job) == {"read": 1, "inserted": 1}


def test_a_late_file_is_not_blocked_by_a_missing_object(ledger: Ledger) -> None:
    ledger.load("departments", 1, [(1, "a"), (2, "b")])
    later = ledger.load("departments", 9, [(1, "a")])
    late = ledger.land("departments", 5)
    ledger.stage(late, "departments", [(1, "late"), (2, "late")])
    response = ledger.merge(late)
    assert response["restamping"] == [str(later)]
    # The loader finds no object any more, and says so as it does for any job.
    problem = json.dumps({"type": "object-missing", "title": "", "detail": ""})
    ledger.loader.execute("SELECT waybill.fail_job(%s, %s)", (later, problem))
    assert ledger.merge(later)["outcome"] == "ended"
    assert ledger.merge(late)["outcome"] == "merged"
    assert ledger.waybill(later) == {"read": 1, "unchanged": 1}


def test_unblocking_never_multiplies_messages(ledger: Ledger) -> None:
    jobs = [ledger.land("departments", second) for second in range(5)]
    for number, job in enumerate(jobs):
        ledger.stage(job, "departments", [(number, "Sales")])
        ledger.loader.execute("SELECT waybill.chunks_left(%s)", (job,))
    # One that merged wakes the next, and a second call wakes nobody.
    assert ledger.merge(jobs[2])["unblocked"] == [str(jobs[0])]
    assert ledger.merge(jobs[2])["unblocked"] == []
    assert ledger.merge(jobs[0])["unblocked"] == [str(jobs[1])]


SLOW = """
CREATE TABLE t (id int PRIMARY KEY);
CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS
$f$ BEGIN PERFORM pg_sleep(20); RETURN NEW; END $f$;
CREATE TRIGGER dawdle BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION dawdle()
"""


def test_a_job_is_cancelled_while_it_is_merged(ledger: Ledger) -> None:
    register(ledger, SLOW)
    job = ledger.land("t", 1)
    ledger.stage(job, "t", [(1,)])
    with ThreadPoolExecutor() as pool, ledger.database.connect("api") as api:
        merging = pool.submit(ledger.merge, job)
        while ledger.rows(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
            " AND datname = current_database()"
        ) == [(0,)]:
            time.sleep(0.01)
        found = api.execute("SELECT waybill.cancel_job(%s)", (job,)).fetchone()
        assert found == ("CANCELLED",)
        with pytest.raises(errors.QueryCanceled):
            merging.result()
    assert ledger.merge(job)["state"] == "CANCELLED"
    assert ledger.rows("SELECT count(*) FROM t") == [(0,)]
