"""After a merge, the parts that the job changed are refreshed, and nothing else."""

from uuid import UUID

from functions.pipeline.refresh.refresh_stale import refresh_stale
from tests.postgres.databases import Connection
from tests.sql.staging import Ledger


def record(number: int, moment: str) -> tuple[object, ...]:
    return (number, "N", moment, 1, 1)


def refreshed(refresher: Connection) -> list[str]:
    return [part.part for part in refresh_stale(refresher, seconds=30)]


def figures(ledger: Ledger) -> list[tuple[object, ...]]:
    return ledger.rows("SELECT year, q1, q2, q3, q4 FROM mv_hires_q ORDER BY year")


def visibility(ledger: Ledger, job: UUID) -> object:
    ((found,),) = ledger.rows("SELECT waybill.job_visibility(%s)", job)
    return found


def test_loads_and_moved_rows_refresh_their_years_and_repeats_none(
    ledger: Ledger, refresher: Connection
) -> None:
    ledger.load("departments", 0, [(1, "Sales")])
    ledger.load("jobs", 0, [(1, "Clerk")])
    assert refreshed(refresher) == []
    records = [record(1, "2020-12-31T23:59:59Z"), record(2, "2021-01-01T00:00:00Z")]
    first = ledger.load("hired_employees", 1, records)
    assert sorted(refreshed(refresher)) == ["2020", "2021"]
    assert figures(ledger) == [(2020, 0, 0, 0, 1), (2021, 1, 0, 0, 0)]
    # A corrected date moves a row: both of its years are touched.
    ledger.load("hired_employees", 2, [record(1, "2022-07-01T00:00:00Z")])
    assert sorted(refreshed(refresher)) == ["2020", "2022"]
    assert figures(ledger) == [(2021, 1, 0, 0, 0), (2022, 0, 0, 1, 0)]
    ledger.load("hired_employees", 3, [record(1, "2022-07-01T00:00:00Z")])
    assert refreshed(refresher) == []
    assert visibility(ledger, first) == "visible"


def test_pending_records_are_counted_when_their_parent_arrives(
    ledger: Ledger, refresher: Connection
) -> None:
    orphan = (2, "N", "2021-02-01T00:00:00Z", 9, 1)
    job = ledger.load("hired_employees", 1, [record(1, "2021-02-01T00:00:00Z"), orphan])
    assert refreshed(refresher) == []
    assert visibility(ledger, job) == "visible"
    departments = ledger.load("departments", 2, [(1, "Sales")])
    titles = ledger.load("jobs", 3, [(1, "Clerk")])
    everyone = (job, departments, titles)
    assert [visibility(ledger, each) for each in everyone] == ["open"] * 3
    run = "SELECT waybill.start_run(%s, 'resolve', NULL)"
    (started,) = ledger.loader.execute(run, (job,)).fetchone() or (None,)
    ledger.resolve(job)
    ledger.loader.execute("SELECT waybill.end_run(%s, 'ok', NULL)", (started,))
    assert [visibility(ledger, each) for each in everyone] == ["stale"] * 3
    assert refreshed(refresher) == ["2021"]
    # The record whose department never came keeps nobody waiting.
    assert [visibility(ledger, each) for each in everyone] == ["visible"] * 3
    assert figures(ledger) == [(2021, 1, 0, 0, 0)]


def test_a_dry_run_is_settled_once_it_has_ended(ledger: Ledger, refresher: Connection) -> None:
    job = ledger.land("hired_employees", 1)
    ledger.admin.execute(
        "UPDATE waybill.ingestion_jobs SET options = '{\"dry_run\": true}' WHERE job_id = %s",
        (job,),
    )
    ledger.stage(job, "hired_employees", [record(1, "2021-02-01T00:00:00Z")])
    ledger.merge(job)
    ledger.load("departments", 2, [(1, "Sales")])
    ledger.load("jobs", 3, [(1, "Clerk")])
    ledger.admin.execute("UPDATE waybill.outbox SET published_at = now()")
    assert refreshed(refresher) == []
    # Its record never enters the table, so nothing keeps its marker or a request that waits.
    assert visibility(ledger, job) == "visible"
    settled = refresher.execute("SELECT waybill.settled_jobs(%s)", ([job],)).fetchall()
    assert settled == [(job,)]
