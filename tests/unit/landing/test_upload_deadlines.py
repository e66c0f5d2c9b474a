"""Upload deadlines."""

from datetime import UTC, datetime, timedelta

from tests.cloud.fixtures import STATE, Cloud
from waybill.ids import new_id
from waybill.state.bucket import StateBucket
from waybill.state.upload_deadlines import job_of_deadline

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_passed_deadlines_are_listed_earliest_first(cloud: Cloud) -> None:
    jobs = [new_id() for _ in range(3)]
    for hours, job in zip((2, 0, 1), jobs, strict=True):
        StateBucket(cloud.s3, STATE).deadlines.put(NOON + timedelta(hours=hours), job)
    found = StateBucket(cloud.s3, STATE).deadlines.passed(NOON + timedelta(hours=1, seconds=1))
    assert [job_of_deadline(key) for key in found] == [jobs[1], jobs[2]]
    assert StateBucket(cloud.s3, STATE).deadlines.passed(NOON) == []


def test_the_deadline_of_a_file_that_arrived_never_passes(cloud: Cloud) -> None:
    job = new_id()
    StateBucket(cloud.s3, STATE).deadlines.put(NOON, job)
    StateBucket(cloud.s3, STATE).deadlines.delete(NOON, job)
    StateBucket(cloud.s3, STATE).deadlines.delete(NOON, job)
    assert StateBucket(cloud.s3, STATE).deadlines.passed(NOON + timedelta(days=1)) == []
