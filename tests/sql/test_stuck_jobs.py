"""Which jobs count as making no progress."""

from uuid import UUID

from tests.sql.staging import Ledger


def stuck(ledger: Ledger) -> int:
    found = ledger.loader.execute(
        "SELECT value FROM waybill.database_figures(15) WHERE metric = 'waybill_jobs_stuck'"
    ).fetchone()
    assert found
    return int(found[0])


def age(ledger: Ledger, job: UUID) -> None:
    """Let an hour pass for the job and its runs."""
    ledger.admin.execute(
        "UPDATE waybill.ingestion_jobs SET created_at = created_at - interval '1 hour',"
        " started_at = started_at - interval '1 hour' WHERE job_id = %s",
        (job,),
    )
    ledger.admin.execute(
        "UPDATE waybill.job_runs SET started_at = started_at - interval '1 hour',"
        " finished_at = finished_at - interval '1 hour' WHERE job_id = %s",
        (job,),
    )


def attempt(ledger: Ledger, job: UUID, outcome: str | None) -> None:
    (run,) = ledger.loader.execute(
        "SELECT waybill.start_run(%s, 'merge', NULL)", (job,)
    ).fetchone() or (None,)
    if outcome:
        ledger.loader.execute("SELECT waybill.end_run(%s, %s, NULL)", (run, outcome))


def test_a_job_that_is_only_retried_is_stuck(ledger: Ledger) -> None:
    job = ledger.land("departments", 1)
    assert stuck(ledger) == 0
    age(ledger, job)
    attempt(ledger, job, "retry")
    assert stuck(ledger) == 1
    attempt(ledger, job, "ok")
    assert stuck(ledger) == 0


def test_a_job_that_progresses_is_not_stuck(ledger: Ledger) -> None:
    job = ledger.land("departments", 1)
    age(ledger, job)
    attempt(ledger, job, None)
    assert stuck(ledger) == 0


def test_a_job_that_waits_for_an_earlier_one_is_not_counted_beside_it(ledger: Ledger) -> None:
    parent = ledger.land("departments", 1)
    child = ledger.land("hired_employees", 2)
    ledger.stage(child, "hired_employees", [(1, "Ada", "2021-01-01T00:00:00Z", 1, None)])
    assert ledger.merge(child)["outcome"] == "waiting"
    age(ledger, parent)
    age(ledger, child)
    assert stuck(ledger) == 1


def test_an_ended_job_is_not_counted(ledger: Ledger) -> None:
    age(ledger, ledger.load("departments", 1, [(1, "Sales")]))
    assert stuck(ledger) == 0
