"""Chunks whose keys lie apart have distinct keys; of all others the records are read."""

import json

import pytest

from tests.sql.staging import Ledger

FIRST = """
SELECT waybill.first_of_distinct_keys(
    waybill.plan_merge(j, format('staging.%I', waybill.stage_name(j.job_id))))
FROM waybill.ingestion_jobs AS j WHERE j.job_id = %s
"""


@pytest.mark.parametrize(
    ("chunks", "first"),
    [
        ([(10, 19), (1, 9), (20, 20)], 1),
        ([(-9, -1), (0, 9)], -9),
        ([(1, 9), (9, 12)], None),
        ([(1, 30), (5, 6), (31, 40)], None),
        ([(1, 1), (1, 1)], None),
        ([(1, 9), None], None),
        ([(1, 9007199254740993), (9007199254740994, 9007199254740995)], 1),
    ],
)
def test_keys_of_chunks(
    ledger: Ledger, chunks: list[tuple[int, int] | None], first: int | None
) -> None:
    job = ledger.land("departments", 1)
    ledger.stage(job, "departments", [(1, "a")])
    ledger.admin.execute("DELETE FROM waybill.chunks WHERE job_id = %s", (job,))
    for number, keys in enumerate(chunks):
        ledger.admin.execute(
            "INSERT INTO waybill.chunks (job_id, chunk, byte_from, byte_to, first_line, done, read,"
            " staged, summary) VALUES (%s, %s, 0, 1, 1, true, 1, 1, %s)",
            (job, number, json.dumps({"keys": keys} if keys else {})),
        )
    assert ledger.rows(FIRST.replace("%I", "%%I"), job) == [(first,)]
