"""Keys are looked up only where the table has one between the first and the last of a file."""

from uuid import UUID

import pytest

from tests.sql.staging import Ledger

IS_SEARCHED = """
SELECT (waybill.inspect_keys(waybill.plan_merge(j, format('staging.%%I',
    waybill.stage_name(j.job_id))))).is_searched
FROM waybill.ingestion_jobs AS j WHERE j.job_id = %s
"""
PRESENT = [-7, 1, 2, 3, 10, 11, 12]


def looks_up(ledger: Ledger, job: UUID) -> bool:
    """Whether a merge of the job would look its keys up in the table."""
    with ledger.admin.transaction():
        ledger.admin.execute("SELECT waybill.begin_checks()")
        ((is_searched,),) = ledger.rows(IS_SEARCHED, job)
    return bool(is_searched)


@pytest.mark.parametrize(
    ("keys", "is_searched"),
    [
        ([4, 9], False),
        ([9, 5, 4], False),
        ([13, 14], False),
        ([-6, 0], False),
        ([-9, -8], False),
        ([3], True),
        ([4, 10], True),
        ([10, 4], True),
        ([3, 4], True),
        ([4, 13], True),
        ([-100, 100], True),
        ([5, 5], False),
        ([], False),
    ],
)
def test_keys_in_a_gap_are_not_looked_up(
    ledger: Ledger, keys: list[int], is_searched: bool
) -> None:
    ledger.load("departments", 0, [(key, "old") for key in PRESENT])
    job = ledger.land("departments", 1)
    ledger.stage(job, "departments", [(key, f"new {key}") for key in keys])
    assert looks_up(ledger, job) == is_searched
    ledger.merge(job)
    known, new = set(keys) & set(PRESENT), set(keys) - set(PRESENT)
    expected = {"read": len(keys), "inserted": len(new), "updated": len(known)}
    expected["superseded"] = len(keys) - len(set(keys))
    assert ledger.waybill(job) == {name: count for name, count in expected.items() if count}
    assert ledger.rows("SELECT id, department FROM departments ORDER BY id") == [
        (key, f"new {key}" if key in keys else "old") for key in sorted({*PRESENT, *keys})
    ]


def test_files_of_ranges_of_keys_may_come_in_any_order(ledger: Ledger) -> None:
    day = "2021-05-01T00:00:00Z"
    for at, first in enumerate((20, 0, 10)):
        records = [(first + n, "N", f"202{n % 2}-05-01T00:00:00Z", None, None) for n in range(10)]
        job = ledger.land("hired_employees", at)
        ledger.stage(job, "hired_employees", records)
        assert not looks_up(ledger, job)
        ledger.merge(job)
        assert ledger.waybill(job) == {"read": 10, "inserted": 10}
    # One that is there, in another year.
    job = ledger.load("hired_employees", 9, [(9, "N", "2022-05-01T00:00:00Z", None, None)])
    assert ledger.waybill(job) == {"read": 1, "updated": 1}
    job = ledger.load("hired_employees", 10, [(14, "N", day, None, None)])
    assert ledger.waybill(job) == {"read": 1, "updated": 1}
