"""What a page of jobs costs by an archive grows with its members, and not with their square."""

import json

from tests.postgres.databases import Connection

ARCHIVE = """
INSERT INTO waybill.ingestion_jobs (job_id, dataset, state, kind, bucket, object_key, landed_at,
    landing_order, archive_format, read, finished_at)
VALUES (uuidv7(), 'departments', 'COMPLETED_WITH_REJECTS', 'upload', 'b', 'landing/a.zip', now(),
    1, 'zip', 0, now())
"""
MEMBERS = """
INSERT INTO waybill.ingestion_jobs (job_id, dataset, state, kind, bucket, object_key, landed_at,
    landing_order, archive_job_id, read, inserted, rejected, finished_at, created_at)
SELECT uuidv7(), 'departments', 'COMPLETED_WITH_REJECTS', 'upload', 'b', 'landing/a/' || n, now(),
    1 + n, a.job_id, 20, 19, 1, now(), now() - interval '1 hour'
FROM waybill.ingestion_jobs AS a, generate_series(%s::integer, %s::integer) AS n
WHERE a.archive_format IS NOT NULL
"""
REJECTS = """
INSERT INTO waybill.validation_errors (job_id, line, raw, errors)
SELECT j.job_id, 2, 'x', '[]' FROM waybill.ingestion_jobs AS j
WHERE j.archive_job_id IS NOT NULL AND NOT EXISTS (
    SELECT FROM waybill.validation_errors AS v WHERE v.job_id = j.job_id)
"""
PAGE = "SELECT document FROM waybill.job_documents ORDER BY created_at DESC, job_id DESC LIMIT 1"


def read_blocks(admin: Connection) -> int:
    """Blocks that the server looks at for the archive's document."""
    for table in ("ingestion_jobs", "validation_errors"):
        admin.execute(f"ANALYZE waybill.{table}".encode())
    ((document,),) = admin.execute(PAGE.encode()).fetchall()
    members = document["waybill"]["rejected"]
    assert document["waybill"]["read"] == 20 * members
    assert document["rejects_remaining"] == members
    plan = admin.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {PAGE}".encode()).fetchone()
    assert plan
    (found,) = plan[0] if isinstance(plan[0], list) else json.loads(plan[0])
    return int(found["Plan"]["Shared Hit Blocks"] + found["Plan"]["Shared Read Blocks"])


def test_four_times_the_members_cost_four_times(admin: Connection) -> None:
    admin.execute(ARCHIVE.encode())
    admin.execute(MEMBERS.encode(), (1, 500))
    admin.execute(REJECTS.encode())
    few = read_blocks(admin)
    admin.execute(MEMBERS.encode(), (501, 2000))
    admin.execute(REJECTS.encode())
    assert read_blocks(admin) < 7 * few
