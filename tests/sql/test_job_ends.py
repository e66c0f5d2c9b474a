"""Jobs that fail or are cancelled, late loaders, and staging tables lost in a crash."""

import json

import psycopg
import pytest
from psycopg import errors

from tests.postgres.crash import empty_unlogged_tables
from tests.sql.api_calls import cancel
from tests.sql.staging import Ledger
from waybill.ids import new_id

ROWS = [(1, "Sales"), (2, "Support")]


def test_a_cancelled_job_leaves_nothing(ledger: Ledger) -> None:
    job = ledger.land("departments", 1)
    ledger.stage(job, "departments", ROWS)
    assert cancel(ledger, job) == "CANCELLED"
    assert ledger.merge(job)["outcome"] == "ended"
    assert ledger.rows("SELECT count(*) FROM departments") == [(0,)]
    assert ledger.rows("SELECT count(*) FROM pg_class WHERE relname LIKE 's\\_%%'") == [(0,)]


def test_an_ended_job_cannot_be_cancelled(ledger: Ledger) -> None:
    job = ledger.load("departments", 1, ROWS)
    assert cancel(ledger, job) == "COMPLETED"


def test_an_awaited_file_can_be_cancelled_and_is_then_ignored(ledger: Ledger) -> None:
    job = new_id()
    assert cancel(ledger, job, {"dataset": "departments", "filename": "f", "size_bytes": 3})
    row = ledger.loader.execute(
        "SELECT job_id, state, is_new FROM"
        " waybill.register_object(%s, %s, 'departments', 'b', 'k', 'v', 'e', 3, 'f',"
        " now(), '{}')",
        (job, new_id()),
    ).fetchone()
    assert row == (job, "CANCELLED", False)


def test_an_unknown_job_is_an_error(ledger: Ledger) -> None:
    with pytest.raises(psycopg.Error, match="There is no job"):
        cancel(ledger, new_id())


def test_a_loader_that_outlived_its_job_commits_nothing(ledger: Ledger) -> None:
    job = ledger.land("departments", 1)
    ledger.loader.execute("SELECT waybill.start_loading(%s, %s)", (job, '{"columns": ["id"]}'))
    chunks = json.dumps([{"chunk": 0, "byte_from": 0, "byte_to": 1, "first_line": 1}])
    ledger.loader.execute("SELECT waybill.add_chunks(%s, %s)", (job, chunks))
    with pytest.raises(psycopg.Error, match="has ended"), ledger.loader.transaction():
        ledger.loader.execute("SELECT waybill.claim_chunk(%s, 0)", (job,))
        assert cancel(ledger, job) == "CANCELLED"
        ledger.loader.execute("SELECT waybill.finish_chunk(%s, 0, 0, 0, 0, NULL)", (job,))


def test_two_loaders_cannot_hold_one_chunk(ledger: Ledger) -> None:
    job = ledger.land("departments", 1)
    ledger.loader.execute("SELECT waybill.start_loading(%s, %s)", (job, '{"columns": ["id"]}'))
    chunks = json.dumps([{"chunk": 0, "byte_from": 0, "byte_to": 1, "first_line": 1}])
    ledger.loader.execute("SELECT waybill.add_chunks(%s, %s)", (job, chunks))
    with (
        ledger.database.connect("pipeline") as other,
        ledger.loader.transaction(),
    ):
        ledger.loader.execute("SELECT waybill.claim_chunk(%s, 0)", (job,))
        with pytest.raises(errors.LockNotAvailable):
            other.execute("SELECT waybill.claim_chunk(%s, 0)", (job,))


def test_an_emptied_stage_is_staged_again(ledger: Ledger) -> None:
    job = ledger.land("departments", 1)
    ledger.stage(job, "departments", ROWS)
    empty_unlogged_tables(ledger.admin)
    response = ledger.merge(job)
    assert (response["outcome"], response["chunks"]) == ("restage", [0])
    assert ledger.state(job) == "LOADING"
    ledger.stage_chunk(job, ["id", "department"], False, ROWS)
    assert ledger.merge(job)["outcome"] == "merged"
    assert ledger.waybill(job) == {"read": 2, "inserted": 2}


def test_a_waybill_that_does_not_add_up_cannot_be_written(ledger: Ledger) -> None:
    job = ledger.load("departments", 1, ROWS)
    with pytest.raises(errors.CheckViolation, match="waybill_balances"):
        ledger.admin.execute(
            "UPDATE waybill.ingestion_jobs SET inserted = 1 WHERE job_id = %s", (job,)
        )


def test_a_second_merge_of_the_dataset_is_busy(ledger: Ledger) -> None:
    first, second = ledger.land("departments", 1), ledger.land("departments", 2)
    ledger.stage(first, "departments", ROWS)
    ledger.stage(second, "departments", ROWS)
    with ledger.database.connect("pipeline") as other, ledger.loader.transaction():
        ledger.merge(first)
        with pytest.raises(errors.LockNotAvailable):
            other.execute("SELECT waybill.merge_job(%s)", (second,))
        with pytest.raises(errors.LockNotAvailable):
            other.execute("SELECT waybill.merge_job(%s)", (first,))
    assert ledger.merge(second)["outcome"] == "merged"
