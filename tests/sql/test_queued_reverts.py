"""Reverts are requested, and done in the order of the requests, or refused with the reason."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.sql.blocked_calls import running, transaction_of, waits
from tests.sql.staging import BEGINNING, Ledger
from tests.sql.unseen_tables import register
from waybill.database.reaper import Reaper

TABLE = "CREATE TABLE t (id int PRIMARY KEY, n numeric, note text)"


def request(ledger: Ledger, job: UUID) -> str:
    row = ledger.api.execute("SELECT waybill.request_revert(%s)", (job,)).fetchone()
    assert row is not None
    return str(row[0])


def step(ledger: Ledger, job: UUID) -> dict[str, Any]:
    row = ledger.loader.execute(
        "SELECT to_jsonb(r) FROM waybill.revert_step(%s) AS r", (job,)
    ).fetchone()
    assert row is not None
    return dict(row[0])


def refuse(ledger: Ledger, job: UUID) -> dict[str, Any]:
    """As the step does with what it raised."""
    with pytest.raises(psycopg.Error) as caught:
        step(ledger, job)
    assert caught.value.sqlstate == "WB020"
    problem = {"type": "not-revertible", "detail": caught.value.diag.message_primary}
    row = ledger.loader.execute(
        "SELECT to_jsonb(r) FROM waybill.refuse_revert(%s, %s) AS r", (job, json.dumps(problem))
    ).fetchone()
    assert row is not None
    return dict(row[0])


def document(ledger: Ledger, job: UUID) -> dict[str, Any]:
    ((found,),) = ledger.rows("SELECT document FROM waybill.job_documents WHERE job_id = %s", job)
    return dict(found)


def from_now(seconds: float) -> float:
    """A time for `Ledger.land`."""
    return (datetime.now(UTC) - BEGINNING).total_seconds() + seconds


def test_a_request_is_done_by_the_queue(ledger: Ledger) -> None:
    register(ledger, TABLE)
    job = ledger.load("t", 1, [(1, 1, "a")])
    assert [request(ledger, job), request(ledger, job)] == ["REVERTING"] * 2
    assert document(ledger, job)["state"] == "REVERTING"
    assert ledger.rows("SELECT count(*) FROM t") == [(1,)]
    assert step(ledger, job)["outcome"] == "merged"
    shown = document(ledger, job)
    assert (shown["state"], shown["revert"]["removed"]) == ("REVERTED", 1)
    # Delivered twice, and requested again.
    assert step(ledger, job)["outcome"] == "ended"
    assert request(ledger, job) == "REVERTED"
    assert ledger.rows("SELECT count(*) FROM t") == [(0,)]
    assert ledger.rows("SELECT count(*) FROM waybill.reverts") == [(1,)]


def test_the_audit_log_names_who_requested_it(ledger: Ledger) -> None:
    register(ledger, TABLE)
    job = ledger.load("t", 1, [(1, 1, "a")])
    ledger.api.execute("SELECT set_config('waybill.principal', 'somebody', false)")
    request(ledger, job)
    step(ledger, job)
    actors = "SELECT actor FROM waybill.audit_logs WHERE action = 'job.reverted'"
    assert ledger.rows(actors) == [("somebody",)]


def test_a_refused_revert_keeps_the_load_and_says_why(ledger: Ledger) -> None:
    register(ledger, TABLE)
    job = ledger.load("t", 1, [(1, 1, "a")])
    request(ledger, job)
    # It had landed before the request.
    later = ledger.load("t", 2, [(1, 2, "b")])
    assert refuse(ledger, job)["outcome"] == "merged"
    shown = document(ledger, job)
    assert shown["state"] == "COMPLETED"
    assert f"was changed by job {later}" in shown["revert_error"]["detail"]
    assert ledger.rows("SELECT note FROM t") == [("b",)]
    request(ledger, later)
    step(ledger, later)
    request(ledger, job)
    assert "revert_error" not in document(ledger, job)
    assert step(ledger, job)["outcome"] == "merged"


def test_what_cannot_be_reverted_is_refused_at_once(ledger: Ledger) -> None:
    register(ledger, TABLE, ", revertible_days => 0")
    job = ledger.load("t", 1, [(1, 1, "a")])
    with pytest.raises(psycopg.Error) as caught:
        request(ledger, job)
    assert caught.value.sqlstate == "WB020"
    assert document(ledger, job)["state"] == "COMPLETED"


def test_requests_are_done_in_their_order(ledger: Ledger) -> None:
    register(ledger, TABLE)
    first = ledger.load("t", 1, [(1, 1, "a")])
    second = ledger.load("t", 2, [(1, 2, "b")])
    request(ledger, second)
    request(ledger, first)
    result = step(ledger, first)
    assert (result["outcome"], result["waiting_for"]) == ("waiting", [str(second)])
    assert step(ledger, second)["outcome"] == "merged"
    assert step(ledger, first)["outcome"] == "merged"
    assert ledger.rows("SELECT count(*) FROM t") == [(0,)]


def test_what_lands_after_the_request_waits_for_it(ledger: Ledger) -> None:
    register(ledger, TABLE)
    job = ledger.load("t", 1, [(1, 1, "a")])
    request(ledger, job)
    later = ledger.land("t", from_now(60))
    ledger.stage(later, "t", [(1, 2, "b")])
    result = ledger.merge(later)
    assert (result["outcome"], result["waiting_for"]) == ("waiting", [str(job)])
    assert step(ledger, job)["unblocked"] == [str(later)]
    assert ledger.merge(later)["outcome"] == "merged"
    assert ledger.waybill(later) == {"read": 1, "inserted": 1}


def test_children_that_land_after_the_request_wait_for_it(ledger: Ledger) -> None:
    parents = ledger.load("departments", 1, [(1, "Sales")])
    ledger.declare(
        "CREATE TABLE kids (id int PRIMARY KEY, department_id int REFERENCES departments);"
        " SELECT waybill.register_dataset('kids')"
    )
    request(ledger, parents)
    kids = ledger.land("kids", from_now(60))
    ledger.stage(kids, "kids", [(1, 1)])
    assert ledger.merge(kids)["waiting_for"] == [str(parents)]
    step(ledger, parents)
    assert ledger.merge(kids)["outcome"] == "merged"
    assert ledger.waybill(kids) == {"read": 1, "pending_reference": 1}


def test_a_refused_revert_keeps_nobody_back(ledger: Ledger) -> None:
    register(ledger, TABLE)
    job = ledger.load("t", 1, [(1, 1, "a")])
    request(ledger, job)
    ledger.declare("UPDATE t SET note = 'hand'")
    later = ledger.land("t", from_now(60))
    ledger.stage(later, "t", [(1, 2, "b")])
    assert ledger.merge(later)["outcome"] == "waiting"
    assert refuse(ledger, job)["unblocked"] == [str(later)]
    assert ledger.merge(later)["outcome"] == "merged"


def test_a_job_that_is_being_reverted_has_no_replays(ledger: Ledger) -> None:
    register(ledger, "CREATE TABLE t (id int PRIMARY KEY, n int CHECK (n > 0))")
    job = ledger.load("t", 1, [(1, 1), (2, -1)])
    ((reject,),) = ledger.rows("SELECT reject_id FROM waybill.validation_errors")
    request(ledger, job)
    replay = UUID("019a0000-0000-7000-8000-000000000000")
    with pytest.raises(psycopg.Error, match="is being reverted"):
        ledger.api.execute("SELECT waybill.register_replay(%s, %s, %s)", (job, replay, [reject]))


def test_a_replay_is_not_registered_beside_a_revert(ledger: Ledger) -> None:
    register(ledger, "CREATE TABLE t (id int PRIMARY KEY, n int CHECK (n > 0))")
    job = ledger.load("t", 1, [(1, 1), (2, -1)])
    ((reject,),) = ledger.rows("SELECT reject_id FROM waybill.validation_errors")
    replay = UUID("019a0000-0000-7000-8000-000000000000")
    registering = "SELECT waybill.register_replay(%s, %s, %s)"
    with transaction_of(ledger.database, "api") as reverting:
        reverting.execute("SELECT waybill.revert_job(%s)", (job,))
        with running(lambda: ledger.api.execute(registering, (job, replay, [reject]))) as call:
            assert waits(ledger.database, call)
            reverting.commit()
            with pytest.raises(psycopg.Error, match="only rejects of a loaded file"):
                call.result()


def test_a_lost_message_is_sent_again_and_the_request_given_up_in_the_end(ledger: Ledger) -> None:
    register(ledger, TABLE)
    job = ledger.load("t", 1, [(1, 1, "a")])
    request(ledger, job)
    reaper = Reaper(ledger.loader)
    assert reaper.stalled_jobs(10) == []
    for _ in range(8):
        ledger.declare("UPDATE waybill.redrives SET last_at = last_at - interval '1 day'")
        (stalled,) = reaper.stalled_jobs(0)
        assert (stalled.job_id, stalled.queue) == (job, "reverts")
        reaper.record_redrives([job])
    assert reaper.give_up() == []
    ledger.declare("UPDATE waybill.redrives SET first_at = first_at - interval '2 days'")
    assert reaper.give_up() == [job]
    shown = document(ledger, job)
    assert (shown["state"], shown["revert_error"]["type"]) == ("COMPLETED", "gave-up")
    assert ledger.rows("SELECT count(*) FROM t") == [(1,)]
    assert step(ledger, job)["outcome"] == "ended"


def test_attempts_of_an_earlier_request_do_not_count(ledger: Ledger) -> None:
    register(ledger, TABLE)
    job = ledger.load("t", 1, [(1, 1, "a")])
    for _ in range(4):
        ledger.loader.execute("SELECT waybill.start_run(%s, 'revert', NULL)", (job,))
    ledger.declare("UPDATE waybill.job_runs SET started_at = started_at - interval '30 days'")
    counted = "SELECT waybill.count_killed_runs(%s, 'revert', NULL)"
    assert ledger.loader.execute(counted, (job,)).fetchone() == (0,)
    request(ledger, job)
    assert ledger.loader.execute(counted, (job,)).fetchone() == (0,)
    assert Reaper(ledger.loader).give_up() == []
    ledger.declare(
        "UPDATE waybill.revert_requests SET requested_at = requested_at - interval '40 days'"
    )
    assert ledger.loader.execute(counted, (job,)).fetchone() == (4,)


def test_a_long_revert_has_the_time_for_what_it_brings_back(ledger: Ledger) -> None:
    register(ledger, "CREATE TABLE t (id int)", ", write_disposition => 'replace'")
    ledger.load("t", 1, [(n,) for n in range(50)])
    job = ledger.load("t", 2, [(1,)])
    limit = ledger.loader.execute("SELECT waybill.merge_time_limit(%s)", (job,)).fetchone()
    assert limit == (600_000 + 1 + 50,)


def test_a_step_finds_the_lock_of_another(ledger: Ledger) -> None:
    register(ledger, TABLE)
    job = ledger.load("t", 1, [(1, 1, "a")])
    request(ledger, job)
    with transaction_of(ledger.database, "pipeline") as other:
        other.execute("SELECT waybill.revert_step(%s)", (job,))
        with pytest.raises(psycopg.errors.LockNotAvailable):
            step(ledger, job)
        other.rollback()
    assert step(ledger, job)["outcome"] == "merged"


def test_chunks_that_a_merge_sends_again_are_not_counted_as_staged(ledger: Ledger) -> None:
    register(ledger, TABLE)
    job = ledger.land("t", 1)
    ledger.stage(job, "t", [(1, 1, "a")])
    left = "SELECT waybill.chunks_left(%s)"
    with ledger.database.connect(autocommit=False) as merge:
        merge.execute("SELECT FROM waybill.ingestion_jobs WHERE job_id = %s FOR UPDATE", (job,))
        merge.execute("UPDATE waybill.chunks SET done = false WHERE job_id = %s", (job,))
        with running(lambda: ledger.loader.execute(left, (job,)).fetchone()) as call:
            assert waits(ledger.database, call)
            merge.commit()
            assert call.result() == (1,)
    states = "SELECT state FROM waybill.ingestion_jobs WHERE job_id = %s"
    assert ledger.rows(states, job) == [("LOADING",)]
