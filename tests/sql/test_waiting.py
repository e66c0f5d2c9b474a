"""What waits for what: files and batches for parents, nothing for a dry run, no job for ever."""

from datetime import timedelta
from uuid import UUID

import pytest
from psycopg import errors

from tests.sql.api_calls import batch
from tests.sql.staging import Ledger
from waybill.database.reaper import Reaper

HIRE = (1, "Ada", "2021-05-01T00:00:00Z", 1, None)
ROW: dict[str, str | None] = {
    "id": "1", "name": "Ada", "hire_dt": "2021-05-01T00:00:00Z", "department_id": "1",
}  # fmt: skip


def dry_run(ledger: Ledger, dataset: str, at: float) -> UUID:
    """A dry run that has landed, and is not loaded yet."""
    job = ledger.land(dataset, at)
    ledger.admin.execute(
        "UPDATE waybill.ingestion_jobs SET options = '{\"dry_run\": true}' WHERE job_id = %s",
        (job,),
    )
    return job


def test_a_batch_waits_for_earlier_files_of_its_parents(ledger: Ledger) -> None:
    parent = ledger.land("departments", 1)
    with pytest.raises(errors.LockNotAvailable):
        batch(ledger, "hired_employees", [ROW])
    ledger.stage(parent, "departments", [(1, "Sales")])
    ledger.merge(parent)
    job, _ = batch(ledger, "hired_employees", [ROW])
    assert ledger.waybill(job) == {"read": 1, "inserted": 1}


def test_a_file_does_not_wait_for_a_dry_run_of_its_parents(ledger: Ledger) -> None:
    dry_run(ledger, "departments", 1)
    child = ledger.land("hired_employees", 2)
    ledger.stage(child, "hired_employees", [HIRE])
    assert ledger.merge(child)["outcome"] == "merged"


def test_a_batch_does_not_wait_for_a_dry_run_of_its_parents(ledger: Ledger) -> None:
    ledger.load("departments", 1, [(1, "Sales")])
    dry_run(ledger, "departments", 2)
    job, _ = batch(ledger, "hired_employees", [ROW])
    assert ledger.waybill(job) == {"read": 1, "inserted": 1}


def test_rows_are_not_stamped_for_a_dry_run(ledger: Ledger) -> None:
    ledger.load("departments", 1, [(1, "Sales")])
    dry_run(ledger, "departments", 2)
    before = ledger.rows("SELECT _landed FROM departments")
    ledger.load("departments", 3, [(1, "Sales")])
    assert ledger.rows("SELECT _landed FROM departments") == before


def test_a_job_that_only_waits_for_an_earlier_one_is_not_given_up(ledger: Ledger) -> None:
    parent = ledger.land("departments", 1)
    child = ledger.land("hired_employees", 2)
    ledger.stage(child, "hired_employees", [HIRE])
    ledger.loader.execute("SELECT waybill.start_run(%s, 'merge', NULL)", (child,))
    assert ledger.merge(child)["outcome"] == "waiting"
    ledger.admin.execute(
        "UPDATE waybill.job_runs SET started_at = started_at - interval '8 days',"
        " finished_at = started_at - interval '8 days', outcome = 'retry'"
    )
    assert Reaper(ledger.loader).give_up() == []
    ledger.stage(parent, "departments", [(1, "Sales")])
    ledger.merge(parent)
    assert Reaper(ledger.loader).give_up() == [child]


def test_a_merge_that_may_succeed_later_does_not_fail_its_job(ledger: Ledger) -> None:
    ledger.admin.execute(
        "SET ROLE waybill_owner;"
        "CREATE FUNCTION collide() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN"
        " RAISE 'try again' USING ERRCODE = 'serialization_failure'; END $f$;"
        "CREATE TRIGGER collide BEFORE INSERT ON departments FOR EACH ROW"
        " EXECUTE FUNCTION collide()"
    )
    job = ledger.land("departments", 1)
    ledger.stage(job, "departments", [(1, "Sales")])
    with pytest.raises(errors.SerializationFailure):
        ledger.merge(job)
    ledger.admin.execute("DROP TRIGGER collide ON departments; RESET ROLE")
    assert ledger.merge(job)["state"] == "COMPLETED"


def redrive(ledger: Ledger, job: UUID, times: int, hours: int) -> None:
    """Send the job's message again, with so many hours between."""
    for _ in range(times):
        Reaper(ledger.loader).record_redrives([job])
        ledger.admin.execute(
            "UPDATE waybill.redrives SET first_at = first_at - %(pause)s,"
            " last_at = last_at - %(pause)s",
            {"pause": timedelta(hours=hours)},
        )


@pytest.mark.parametrize(("times", "hours"), [(1, 30), (8, 1)], ids=["few tries", "few hours"])
def test_a_job_that_has_moved_is_given_up_after_as_many_tries_and_hours_again(
    ledger: Ledger, times: int, hours: int
) -> None:
    job = ledger.land("departments", 1)
    redrive(ledger, job, 9, 5)
    ledger.stage(job, "departments", [(1, "Sales")])
    redrive(ledger, job, times, hours)
    assert Reaper(ledger.loader).give_up() == []
    redrive(ledger, job, 8, 5)
    assert Reaper(ledger.loader).give_up() == [job]
