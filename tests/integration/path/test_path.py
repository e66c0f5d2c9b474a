"""Files processed in any order give the same tables as in landing order."""

from typing import Any

import pytest

from tests.cloud.fixtures import Cloud
from tests.integration.path.steps import land, settle
from tests.postgres.databases import Connection

DEPARTMENTS = b"1,Sales\n2,Legal\n"
JOBS = b"1,Clerk\n2,Counsel\n"
EMPLOYEES = (
    b"1,Ada Lovelace,2021-01-05T09:00:00Z,1,1\n"
    b"2,Grace Hopper,2021-07-05T09:00:00Z,2,2\n"
    b"3,,2021-07-05T09:00:00Z,2,2\n"
    b"4,Alan Turing,2022-02-30T09:00:00Z,2,2\n"
    b"5,Emmy Noether,2022-02-03T09:00:00Z,,1\n"
)


def waybills(admin: Connection) -> dict[str, Any]:
    rows = admin.execute(
        "SELECT filename, state, read, inserted, updated, unchanged, superseded, rejected,"
        " pending_reference FROM waybill.ingestion_jobs ORDER BY landed_at"
    )
    return {row[0]: row[1:] for row in rows}


def test_three_files_at_once_children_first(admin: Connection, cloud: Cloud) -> None:
    land(cloud, "hired_employees", "employees.csv", EMPLOYEES)
    land(cloud, "departments", "departments.csv", DEPARTMENTS, second=1)
    land(cloud, "jobs", "jobs.csv", JOBS, second=2)
    settle(cloud)
    assert waybills(admin) == {
        "employees.csv": ("COMPLETED_WITH_REJECTS", 5, 3, 0, 0, 0, 2, 0),
        "departments.csv": ("COMPLETED", 2, 2, 0, 0, 0, 0, 0),
        "jobs.csv": ("COMPLETED", 2, 2, 0, 0, 0, 0, 0),
    }
    ids = admin.execute("SELECT id FROM hired_employees ORDER BY id").fetchall()
    assert ids == [(1,), (2,), (5,)]
    lines = admin.execute("SELECT line FROM waybill.validation_errors ORDER BY line").fetchall()
    assert lines == [(3,), (4,)]


def test_the_same_file_again_changes_nothing(admin: Connection, cloud: Cloud) -> None:
    land(cloud, "departments", "a.csv", DEPARTMENTS)
    land(cloud, "departments", "b.csv", DEPARTMENTS, second=5)
    settle(cloud)
    assert waybills(admin)["b.csv"] == ("COMPLETED", 2, 0, 0, 2, 0, 0, 0)


def test_the_later_landed_file_wins_in_any_processing_order(
    admin: Connection, cloud: Cloud
) -> None:
    land(cloud, "departments", "late.csv", b"1,Newer\n", second=9)
    settle(cloud)
    land(cloud, "departments", "early.csv", b"1,Older\n2,Legal\n", second=1)
    settle(cloud)
    rows = admin.execute("SELECT id, department FROM departments ORDER BY id").fetchall()
    assert rows == [(1, "Newer"), (2, "Legal")]
    assert waybills(admin)["early.csv"] == ("COMPLETED", 2, 1, 0, 0, 1, 0, 0)


def test_a_file_of_many_chunks_is_one_job(
    admin: Connection, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHUNK_BYTES", "2000")
    body = b"id,department\r\n" + b"".join(b'%d,"Dept ""%d"""\r\n' % (n, n) for n in range(1000))
    land(cloud, "departments", "many.csv", body)
    settle(cloud)
    assert waybills(admin)["many.csv"] == ("COMPLETED", 1000, 1000, 0, 0, 0, 0, 0)
    chunks = admin.execute("SELECT chunks_total FROM waybill.ingestion_jobs").fetchone()
    assert chunks
    assert chunks[0] > 5


def test_a_file_with_a_header_only_completes(admin: Connection, cloud: Cloud) -> None:
    land(cloud, "departments", "none.csv", b"id,department\n")
    settle(cloud)
    assert waybills(admin)["none.csv"] == ("COMPLETED", 0, 0, 0, 0, 0, 0, 0)


def test_the_end_of_every_job_is_published(admin: Connection, cloud: Cloud) -> None:
    land(cloud, "departments", "a.csv", DEPARTMENTS)
    land(cloud, "departments", "b.csv", b"what,is,this\n1,2,3\n", second=3)
    settle(cloud)
    reported = [detail["state"] for detail in cloud.reported()]
    assert sorted(reported) == ["COMPLETED", "FAILED"]
    unpublished = admin.execute("SELECT * FROM waybill.unpublished(10)").fetchall()
    assert unpublished == []
