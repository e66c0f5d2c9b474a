"""When uploads are over."""

from datetime import UTC, datetime, timedelta

from tests.cloud.fixtures import STATE, Cloud
from waybill.ids import new_id
from waybill.state.upload_deadlines import drop_due, job_of_due, list_due, put_deadline

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_what_is_over_is_listed_earliest_first(cloud: Cloud) -> None:
    jobs = [new_id() for _ in range(3)]
    for hours, job in zip((2, 0, 1), jobs, strict=True):
        put_deadline(cloud.s3, STATE, NOON + timedelta(hours=hours), job)
    found = list_due(cloud.s3, STATE, NOON + timedelta(hours=1, seconds=1))
    assert [job_of_due(key) for key in found] == [jobs[1], jobs[2]]
    assert list_due(cloud.s3, STATE, NOON) == []


def test_a_file_that_came_is_never_over(cloud: Cloud) -> None:
    job = new_id()
    put_deadline(cloud.s3, STATE, NOON, job)
    drop_due(cloud.s3, STATE, NOON, job)
    drop_due(cloud.s3, STATE, NOON, job)
    assert list_due(cloud.s3, STATE, NOON + timedelta(days=1)) == []
