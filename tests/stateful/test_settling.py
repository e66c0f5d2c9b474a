"""What the schedules do for jobs that wait."""

from tests.stateful.fake_cloud import FakeCloud


def test_a_job_ends_although_the_message_of_one_that_it_waits_for_is_gone(
    fake_cloud: FakeCloud,
) -> None:
    fake_cloud.land("departments", "a.csv", b"id,department\n1,Sales\n", 1)
    fake_cloud.deliver("landed", 0)
    fake_cloud.forget("chunks", 0)
    fake_cloud.land("prices", "b.csv", b"code,price,department_id\na,1,1\n", 3)
    fake_cloud.settle()
    with fake_cloud.database.connect() as admin:
        admin.execute("SET ROLE waybill_owner")
        found = admin.execute("SELECT code, department_id FROM prices").fetchall()
        states = admin.execute("SELECT DISTINCT state FROM waybill.ingestion_jobs").fetchall()
    assert found == [("a", 1)]
    assert states == [("COMPLETED",)]
