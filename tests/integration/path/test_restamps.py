"""A file that is staged again for a late one stays as it was."""

from tests.cloud.fixtures import Cloud
from tests.integration.path.steps import land, settle
from tests.postgres.databases import Connection


def test_a_file_that_is_staged_again_keeps_its_rejects_once(
    admin: Connection, cloud: Cloud
) -> None:
    land(cloud, "departments", "first.csv", b"1,Sales\n", second=1)
    settle(cloud)
    land(cloud, "departments", "last.csv", b"1,Sales\nx,Legal\n", second=9)
    settle(cloud)
    before = admin.execute("SELECT * FROM waybill.validation_errors").fetchall()
    land(cloud, "departments", "late.csv", b"1,Older\n", second=5)
    settle(cloud)
    assert admin.execute("SELECT department FROM departments").fetchall() == [("Sales",)]
    assert len(before) == 1
    assert admin.execute("SELECT * FROM waybill.validation_errors").fetchall() == before
    waybill = admin.execute(
        "SELECT read, unchanged, rejected, stamped FROM waybill.ingestion_jobs"
        " WHERE filename = 'last.csv'"
    ).fetchall()
    assert waybill == [(2, 1, 1, True)]
