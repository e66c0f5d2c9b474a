"""What one of many members of an archive costs does not grow with their number."""

from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from tests.sql.staging import Ledger
from tests.sql.test_merge_growth import seconds_of_cpu
from tests.sql.unseen_tables import register

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="the server's CPU time is read from /proc"
)
ARCHIVE = UUID("019a0000-0000-7000-8000-000000000001")
FEW, MANY = 500, 4000
_ARCHIVE = """
INSERT INTO waybill.ingestion_jobs (job_id, dataset, state, archive_format, bucket, object_key,
    version_id, landed_at, landing_order)
VALUES (%s, 't', 'MERGING', 'zip', 'b', 'landing/t/x.zip', 'v', '2026-03-01', 1000000)
"""
_MEMBERS = """
INSERT INTO waybill.ingestion_jobs (job_id, dataset, state, archive_job_id, bucket, object_key,
    version_id, landed_at, landing_order, contract, layout, chunks_total)
SELECT uuidv7(), 't', 'MERGING', %s, 'b', 'landing/t/x.zip/' || lpad(n::text, 6, '0'), 'v',
    '2026-03-01', 1000000 + n, j.contract, j.layout, 1
FROM generate_series(1, %s) AS n
CROSS JOIN waybill.ingestion_jobs AS j
WHERE j.job_id = %s
"""


def archive(ledger: Ledger, loaded: UUID, members: int) -> None:
    """An archive whose members are staged."""
    admin = ledger.admin
    admin.execute(
        "DELETE FROM waybill.ingestion_jobs WHERE %s IN (job_id, archive_job_id)", (ARCHIVE,)
    )
    admin.execute(_ARCHIVE, (ARCHIVE,))
    admin.execute(_MEMBERS, (ARCHIVE, members, loaded))
    admin.execute("ANALYZE waybill.ingestion_jobs")


@pytest.mark.parametrize(
    "query",
    [
        "SELECT waybill.earlier_open(j) FROM waybill.ingestion_jobs AS j WHERE j.job_id = %s",
        "SELECT waybill.next_jobs(j) FROM waybill.ingestion_jobs AS j WHERE j.job_id = %s",
        "SELECT waybill.replay_order(j) FROM waybill.ingestion_jobs AS j WHERE j.job_id = %s",
    ],
)
def test_a_call_for_one_of_many_takes_as_long_as_for_one_of_few(ledger: Ledger, query: str) -> None:
    register(ledger, "CREATE TABLE t (id integer PRIMARY KEY, n integer)")
    loaded = ledger.load("t", 0, [(1, 1)])

    def cpu(members: int) -> float:
        archive(ledger, loaded, members)
        row = ledger.admin.execute(
            "SELECT job_id FROM waybill.ingestion_jobs WHERE archive_job_id = %s"
            " ORDER BY landing_order DESC LIMIT 1",
            (ARCHIVE,),
        ).fetchone()
        assert row
        return repeated(ledger, lambda: ledger.admin.execute(query.encode(), row))

    few, many = cpu(FEW), cpu(MANY)
    assert many < 2 * few + 0.2, (few, many)


def repeated(ledger: Ledger, call: Callable[[], object]) -> float:
    """Seconds of the server's CPU time of 20 calls."""
    before = seconds_of_cpu(ledger.admin.info.backend_pid)
    for _ in range(20):
        call()
    return seconds_of_cpu(ledger.admin.info.backend_pid) - before
