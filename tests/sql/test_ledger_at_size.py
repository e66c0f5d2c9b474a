"""With many ended jobs in the ledger, a merge still looks only at the few that matter."""

from uuid import UUID

import pytest

from tests.sql.staging import Ledger
from waybill.database.queries import query_text

MANY = """
INSERT INTO waybill.ingestion_jobs (job_id, dataset, state, bucket, object_key, landed_at,
    landing_order, contract, layout, read, stamped, parent_job_id)
SELECT gen_random_uuid(), 'departments', 'COMPLETED', 'b', n::text, now(), n, '{}', '{}', 0,
    true, NULL
FROM generate_series(1, 20000) AS n
"""

QUESTIONS = {
    "unblocked": "SELECT waybill.unblocked_jobs(j) FROM waybill.ingestion_jobs AS j"
    " WHERE dataset = 'departments' AND landing_order = 20000",
    "restamp": "SELECT waybill.stamp_unchanged(j) FROM waybill.ingestion_jobs AS j"
    " WHERE dataset = 'departments' AND landing_order = 20000",
    "rejects": "SELECT waybill.rejects_remaining(job_id) FROM waybill.ingestion_jobs"
    " WHERE dataset = 'departments' AND landing_order = 20000",
    "order": "SELECT waybill.landing_order('departments', now(), 'x', 'v')",
}


@pytest.fixture
def full(ledger: Ledger) -> Ledger:
    ledger.admin.execute(MANY.encode())
    ledger.admin.execute("ANALYZE waybill.ingestion_jobs")
    return ledger


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_query_scans_the_whole_table_of_jobs(full: Ledger, question: str) -> None:
    full.admin.execute("SELECT pg_stat_force_next_flush()")
    full.admin.execute("SET ROLE waybill_owner")
    before = reads(full)
    full.rows(QUESTIONS[question])
    assert reads(full) - before < 200


def reads(ledger: Ledger) -> int:
    """Rows of the ledger that this session has read, by scans of any kind."""
    ledger.admin.execute("SELECT pg_stat_force_next_flush()")
    ((number,),) = ledger.rows(
        "SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) FROM pg_stat_all_tables"
        " WHERE relid = 'waybill.ingestion_jobs'::regclass"
    )
    return int(number)


def test_a_page_of_rejects_does_not_count_all_of_them(ledger: Ledger) -> None:
    statement = b"EXPLAIN VERBOSE " + query_text("jobs.get_archive_place")
    plan = ledger.admin.execute(statement, {"job_id": UUID(int=1)}).fetchall()
    assert "rejects_remaining" not in str(plan)
