"""The end of a job names the jobs that waited for it, so that they continue at once."""

from uuid import UUID

import pytest
from psycopg.errors import LockNotAvailable

from tests.sql.staging import Ledger, Records

HIRE = [(1, "Ada", "2021-01-01T00:00:00Z", 1, None)]


def merging(ledger: Ledger, dataset: str, at: float, records: Records) -> UUID:
    """A job whose chunks are staged, as its loader leaves it."""
    job = ledger.land(dataset, at)
    ledger.stage(job, dataset, records)
    ledger.loader.execute("SELECT waybill.chunks_left(%s)", (job,))
    return job


def test_a_parent_that_found_its_table_locked_is_named_by_the_merge_of_the_child(
    ledger: Ledger,
) -> None:
    child = merging(ledger, "hired_employees", 1, HIRE)
    parent = merging(ledger, "departments", 2, [(1, "Sales")])
    with ledger.database.connect() as holder, holder.transaction():
        # As the merge of the child does when it attaches a partition.
        holder.execute("LOCK TABLE departments IN SHARE ROW EXCLUSIVE MODE")
        with pytest.raises(LockNotAvailable):
            ledger.merge(parent)
    assert str(parent) in ledger.merge(child)["unblocked"]


def test_a_job_that_waits_for_one_that_fails_is_named(ledger: Ledger) -> None:
    parent = ledger.land("departments", 1)
    child = merging(ledger, "hired_employees", 2, HIRE)
    assert ledger.merge(child)["outcome"] == "waiting"
    ledger.loader.execute("SELECT waybill.fail_job(%s, '{}')", (parent,))
    assert ledger.merge(parent)["unblocked"] == [str(child)]


def test_a_failed_job_does_not_name_waiting_jobs_forever(ledger: Ledger) -> None:
    parent = ledger.land("departments", 1)
    child = merging(ledger, "hired_employees", 2, HIRE)
    assert ledger.merge(child)["outcome"] == "waiting"
    ledger.loader.execute("SELECT waybill.fail_job(%s, '{}')", (parent,))
    ledger.admin.execute(
        "UPDATE waybill.ingestion_jobs SET finished_at = finished_at - interval '2 minutes'"
        " WHERE job_id = %s",
        (parent,),
    )
    assert ledger.merge(parent)["unblocked"] == []
