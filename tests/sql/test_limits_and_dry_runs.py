"""A merge that is undone after it was counted: too many rejects, dry runs."""

import pytest

from tests.sql.staging import Ledger
from tests.sql.unseen_tables import PRICES


@pytest.mark.parametrize(
    ("limit", "state"),
    [
        ("max_rejects => 1", "FAILED"),
        ("max_rejects => 2", "COMPLETED_WITH_REJECTS"),
        ("max_reject_share => 0.4", "FAILED"),
        ("max_reject_share => 0.5", "COMPLETED_WITH_REJECTS"),
    ],
)
def test_too_many_rejects_fail_the_file_whole(ledger: Ledger, limit: str, state: str) -> None:
    ledger.declare(PRICES.format(options=limit))
    job = ledger.load("prices", 1, [("a", 1), ("b", -1), ("c", -1), ("d", 1)])
    ((found, error),) = ledger.rows(
        "SELECT state, error ->> 'type' FROM waybill.ingestion_jobs WHERE job_id = %s", job
    )
    assert found == state
    assert [line for line, _, _ in ledger.rejects(job)] == [2, 3]
    ((count,),) = ledger.rows("SELECT count(*) FROM prices")
    assert (count, error) == ((0, "too-many-rejects-in-file") if state == "FAILED" else (2, None))


def test_a_dry_run_counts_and_changes_nothing(ledger: Ledger) -> None:
    ledger.declare(PRICES.format(options="max_rejects => 5"))
    ledger.load("prices", 1, [("a", 1), ("b", 1)])
    job = ledger.land("prices", 2)
    ledger.admin.execute(
        "UPDATE waybill.ingestion_jobs SET options = '{\"dry_run\": true}' WHERE job_id = %s",
        (job,),
    )
    ledger.stage(job, "prices", [("a", 1), ("b", 2), ("c", 3), ("d", -1)])
    assert ledger.merge(job)["outcome"] == "merged"
    assert ledger.waybill(job) == {
        "read": 4, "unchanged": 1, "updated": 1, "inserted": 1, "rejected": 1,
    }  # fmt: skip
    assert [line for line, _, _ in ledger.rejects(job)] == [4]
    assert ledger.rows("SELECT code, price FROM prices ORDER BY 1") == [("a", 1), ("b", 1)]
