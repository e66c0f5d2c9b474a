"""What loaders say of a job's records may name keys of people, and stays only until the merge."""

import pytest

from tests.postgres.crash import empty_unlogged_tables
from tests.sql.api_calls import cancel
from tests.sql.staging import Ledger

NAMED = """
SELECT summary -> 'keys' FROM waybill.chunks WHERE summary IS NOT NULL
"""
FILE = [(1, "Sales"), (2, "Support")]


@pytest.fixture
def summed(ledger: Ledger) -> Ledger:
    ledger.sums_up = True
    return ledger


def test_a_job_that_is_not_loaded_keeps_none(summed: Ledger) -> None:
    failed, cancelled = (summed.land("departments", at) for at in (1, 2))
    for job in (failed, cancelled):
        summed.stage(job, "departments", FILE)
    assert summed.rows(NAMED) == [([1, 2],), ([1, 2],)]
    summed.loader.execute("SELECT waybill.fail_job(%s, '{}')", (failed,))
    assert cancel(summed, cancelled) == "CANCELLED"
    assert summed.rows(NAMED) == []


def test_a_chunk_that_is_lost_keeps_none(summed: Ledger) -> None:
    job = summed.land("departments", 1)
    summed.stage(job, "departments", FILE)
    empty_unlogged_tables(summed.admin)
    assert summed.merge(job)["outcome"] == "restage"
    assert summed.rows(NAMED) == []


def test_a_job_that_is_staged_once_more_keeps_none(summed: Ledger) -> None:
    summed.load("departments", 1, FILE)
    later = summed.load("departments", 3, FILE)
    late = summed.land("departments", 2)
    summed.stage(late, "departments", [(1, "Late")])
    assert summed.merge(late)["restamping"] == [str(later)]
    summed.stage_chunk(later, ["id", "department"], keeps_raw=False, records=FILE)
    assert summed.merge(later)["outcome"] == "merged"
    assert summed.merge(late)["outcome"] == "merged"
    assert summed.rows("SELECT id, department FROM departments ORDER BY id") == FILE
    assert summed.rows(NAMED) == []
