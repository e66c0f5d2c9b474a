"""What may come between the request of a revert and the revert, and beside it."""

import json
from uuid import UUID

import psycopg
import pytest

from tests.sql.api_calls import batch
from tests.sql.blocked_calls import running, transaction_of, waits
from tests.sql.staging import Ledger
from tests.sql.test_queued_reverts import document, refuse, request, step
from tests.sql.test_reverts import TABLE, conflicts, revert
from tests.sql.unseen_tables import register

_KIDS = (
    "CREATE TABLE kids (id int PRIMARY KEY, department_id int REFERENCES departments);"
    " SELECT waybill.register_dataset('kids')"
)


def test_a_later_file_that_is_only_planned_finds_the_rows_as_they_are_then(
    ledger: Ledger,
) -> None:
    register(ledger, TABLE)
    job = ledger.load("t", 1, [(1, 1, "a"), (2, 2, "b")])
    planned = ledger.land("t", 2)
    ledger.stage(planned, "t", [(1, 1, "a"), (3, 3, "c")])
    request(ledger, job)
    assert step(ledger, job)["outcome"] == "merged"
    assert ledger.merge(planned)["outcome"] == "merged"
    assert ledger.waybill(planned) == {"read": 2, "inserted": 2}
    assert ledger.rows("SELECT id FROM t ORDER BY id") == [(1,), (3,)]


def test_a_partial_file_is_taken_back_with_the_columns_that_it_had(ledger: Ledger) -> None:
    register(ledger, TABLE)
    first = ledger.load("t", 1, [(1, 1, "a")])
    job = ledger.load("t", 2, [(1, "x"), (2, "y")], columns=["id", "note"])
    assert ledger.rows("SELECT id, n::text, note FROM t ORDER BY id") == [
        (1, "1", "x"), (2, None, "y"),
    ]  # fmt: skip
    request(ledger, first)
    assert refuse(ledger, first)["outcome"] == "merged"
    request(ledger, job)
    step(ledger, job)
    assert ledger.rows("SELECT id, n::text, note FROM t") == [(1, "1", "a")]


def test_a_column_that_was_added_after_the_request_refuses_it(ledger: Ledger) -> None:
    register(ledger, TABLE)
    ledger.load("t", 1, [(1, 1, "a")])
    job = ledger.load("t", 2, [(1, 2, "a"), (2, 2, "b")])
    request(ledger, job)
    ledger.declare("ALTER TABLE t ADD COLUMN more text DEFAULT 'x'")
    refuse(ledger, job)
    assert "columns" in document(ledger, job)["revert_error"]["detail"]
    assert ledger.rows("SELECT id, n::text, more FROM t ORDER BY id") == [
        (1, "2", "x"), (2, "2", "x"),
    ]  # fmt: skip


def test_a_column_that_was_dropped_after_the_request_does_not_come_back(ledger: Ledger) -> None:
    register(ledger, TABLE)
    ledger.load("t", 1, [(1, 1, "a")])
    job = ledger.load("t", 2, [(1, 2, "b"), (2, 2, "b")])
    request(ledger, job)
    ledger.declare("ALTER TABLE t DROP COLUMN note")
    assert step(ledger, job)["outcome"] == "merged"
    assert ledger.rows("SELECT id, n::text FROM t") == [(1, "1")]


def test_a_column_of_another_type_takes_the_rows_back_or_refuses_them(ledger: Ledger) -> None:
    register(ledger, TABLE)
    ledger.load("t", 1, [(1, "1.5", "a")])
    job = ledger.load("t", 2, [(1, 2, "b")])
    ledger.declare("ALTER TABLE t ALTER COLUMN n TYPE integer")
    request(ledger, job)
    refuse(ledger, job)
    assert ledger.rows("SELECT n, note FROM t") == [(2, "b")]


def test_a_person_erased_in_between_stays_erased(ledger: Ledger) -> None:
    register(ledger, TABLE, ", personal => '{note}'")
    ledger.load("t", 1, [(1, 1, "Ada"), (2, 2, "Bob")])
    job = ledger.load("t", 2, [(1, 9, "Ada"), (3, 3, "Cy")])
    request(ledger, job)
    for person in ("1", "3"):
        ledger.rows("SELECT waybill.erase_person('t', %s)", json.dumps([person]))
    assert step(ledger, job)["outcome"] == "merged"
    assert document(ledger, job)["revert"]["erased"] == 2
    assert ledger.rows("SELECT id, note FROM t") == [(2, "Bob")]


def test_an_erasure_waits_for_a_revert_and_finds_what_it_brought_back(ledger: Ledger) -> None:
    register(ledger, TABLE, ", personal => '{note}'")
    ledger.load("t", 1, [(1, 1, "Ada")])
    job = ledger.load("t", 2, [(1, 2, "Ada")])
    request(ledger, job)
    erasing = "SELECT waybill.erase_person('t', '[\"1\"]')"
    with transaction_of(ledger.database, "pipeline") as reverting:
        reverting.execute("SELECT waybill.revert_step(%s)", (job,))
        with running(lambda: ledger.rows(erasing)) as call:
            assert waits(ledger.database, call)
            reverting.commit()
            ((erased,),) = call.result()
    assert erased["rows"] == 1
    assert ledger.rows("SELECT * FROM t") == []


def test_parents_whose_children_came_before_the_request_are_named(ledger: Ledger) -> None:
    parents = ledger.load("departments", 1, [(1, "Sales"), (2, "Legal")])
    ledger.declare(_KIDS)
    ledger.load("kids", 2, [(1, 2)])
    request(ledger, parents)
    refuse(ledger, parents)
    assert "is referred to by public.kids" in document(ledger, parents)["revert_error"]["detail"]
    assert ledger.rows("SELECT count(*) FROM departments") == [(2,)]


def test_pending_records_that_are_resolved_beside_a_revert_end_whole(ledger: Ledger) -> None:
    ledger.declare(_KIDS)
    kids = ledger.load("kids", 1, [(1, 7), (2, None)])
    request(ledger, kids)
    ledger.load("departments", 2, [(7, "Late")])
    with transaction_of(ledger.database, "pipeline") as resolving:
        resolving.execute("SELECT waybill.resolve_pending(%s)", (kids,))
        with pytest.raises(psycopg.errors.LockNotAvailable):
            step(ledger, kids)
        resolving.commit()
    assert step(ledger, kids)["outcome"] == "merged"
    shown = document(ledger, kids)["revert"]
    assert (shown["removed"], shown["withdrawn"]) == (2, 0)
    assert ledger.rows("SELECT count(*) FROM kids") == [(0,)]
    assert ledger.resolve(kids)["outcome"] == "ended"


def test_a_batch_is_refused_until_the_revert_has_ended(ledger: Ledger) -> None:
    register(ledger, TABLE)
    job = ledger.load("t", 1, [(1, 1, "a")])
    request(ledger, job)
    rows: list[dict[str, str | None]] = [{"id": "1", "n": "5", "note": "b"}]
    with pytest.raises(psycopg.errors.LockNotAvailable):
        batch(ledger, "t", rows)
    step(ledger, job)
    batch(ledger, "t", rows)
    assert ledger.rows("SELECT id, note FROM t") == [(1, "b")]


def test_of_two_reverts_at_once_one_finds_the_lock_of_the_other(ledger: Ledger) -> None:
    register(ledger, TABLE)
    first = ledger.load("t", 1, [(1, 1, "a")])
    second = ledger.load("t", 2, [(2, 2, "b")])
    request(ledger, first)
    with transaction_of(ledger.database, "pipeline") as reverting:
        reverting.execute("SELECT waybill.revert_step(%s)", (first,))
        request(ledger, second)
        with pytest.raises(psycopg.errors.LockNotAvailable):
            # As the release before does it, without a request.
            ledger.api.execute("SELECT waybill.revert_job(%s)", (second,))
        assert step(ledger, second)["outcome"] == "waiting"
        reverting.commit()
    assert step(ledger, second)["outcome"] == "merged"
    assert ledger.rows("SELECT count(*) FROM t") == [(0,)]


def test_a_job_that_an_earlier_release_reverts_has_no_open_request(ledger: Ledger) -> None:
    register(ledger, TABLE)
    job = ledger.load("t", 1, [(1, 1, "a")])
    request(ledger, job)
    revert(ledger, job)
    assert document(ledger, job)["state"] == "REVERTED"
    assert step(ledger, job)["outcome"] == "ended"


def test_an_archive_is_not_reverted_by_an_earlier_release(ledger: Ledger) -> None:
    register(ledger, TABLE)
    member = ledger.load("t", 1, [(1, 1, "a")])
    archive = UUID("019a0000-0000-7000-8000-000000000001")
    ledger.admin.execute(
        "INSERT INTO waybill.ingestion_jobs (job_id, dataset, state, archive_format, read,"
        " started_at, finished_at) VALUES (%s, 't', 'COMPLETED', 'zip', 0, now(), now())",
        (archive,),
    )
    ledger.admin.execute(
        "UPDATE waybill.ingestion_jobs SET archive_job_id = %s WHERE job_id = %s",
        (archive, member),
    )
    assert conflicts(ledger, archive) == []
    assert ledger.rows("SELECT count(*) FROM t") == [(1,)]


def test_an_erasure_leaves_no_key_in_a_refusal(ledger: Ledger) -> None:
    register(ledger, TABLE, ", personal => '{note}'")
    job = ledger.load("t", 1, [(4711, 1, "Ada")])
    request(ledger, job)
    problem = {
        "type": "not-revertible",
        "title": "Conflict",
        "detail": "Rows were touched since: The row (id = 4711) was changed.",
        "errors": [{"code": "row-changed", "message": "The row (id = 4711) was changed."}],
    }
    run = ledger.loader.execute("SELECT waybill.start_run(%s, 'revert', NULL)", (job,)).fetchone()
    assert run
    ledger.loader.execute(
        "SELECT waybill.end_run(%s, 'rejected', %s), waybill.refuse_revert(%s, %s)",
        (*run, json.dumps(problem), job, json.dumps(problem)),
    )
    ledger.rows("SELECT waybill.erase_person('t', '[\"4711\"]')")
    assert document(ledger, job)["revert_error"] == {
        "type": "not-revertible",
        "title": "Conflict",
        "detail": "Rows of the job were touched since.",
    }
    assert ledger.rows("SELECT error::text FROM waybill.job_runs WHERE error::text ~ '4711'") == []


def test_the_request_for_an_archive_of_many_members_reads_each_once(ledger: Ledger) -> None:
    register(ledger, TABLE)
    archive = ledger.land("t", 1)
    ledger.admin.execute(
        "UPDATE waybill.ingestion_jobs SET state = 'COMPLETED', archive_format = 'zip', read = 0,"
        " contract = '{}', started_at = now(), finished_at = now() WHERE job_id = %s",
        (archive,),
    )
    for members in (500, 1000):
        ledger.admin.execute(
            "INSERT INTO waybill.ingestion_jobs (dataset, state, filename, archive_job_id, read,"
            " contract, landing_order, started_at, finished_at, job_id)"
            " SELECT 't', 'COMPLETED', 'f', %s, 0, '{}', 10 ^ 15 + %s + n, now(), now(), uuidv7()"
            " FROM generate_series(1, %s) AS n",
            (archive, 10 * members, members // 2 if members > 500 else members),
        )
        ledger.admin.execute("ANALYZE waybill.ingestion_jobs")
        with ledger.admin.transaction(force_rollback=True):
            ledger.admin.execute("SELECT waybill.request_revert(%s)", (archive,))
            ((read,),) = ledger.rows(
                "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables"
                " WHERE relname = 'ingestion_jobs'"
            )
        assert read < 20 * members
