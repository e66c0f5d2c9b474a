"""Wake-up markers and their keys."""

from tests.cloud.fixtures import STATE, Cloud
from waybill.ids import new_id
from waybill.state.bucket import StateBucket


def test_markers_are_listed_and_deleted(cloud: Cloud) -> None:
    job = new_id()
    StateBucket(cloud.s3, STATE).markers.put(job)
    (mark,) = StateBucket(cloud.s3, STATE).markers.list()
    assert mark.startswith("markers/")
    assert mark.endswith(f"/{job}")
    StateBucket(cloud.s3, STATE).markers.delete([mark, "markers/gone"])
    assert StateBucket(cloud.s3, STATE).markers.list() == []
    StateBucket(cloud.s3, STATE).markers.delete([])


def test_a_marker_put_after_the_listing_stays(cloud: Cloud) -> None:
    job = new_id()
    StateBucket(cloud.s3, STATE).markers.put(job)
    seen = StateBucket(cloud.s3, STATE).markers.list()
    StateBucket(cloud.s3, STATE).markers.put(job)
    StateBucket(cloud.s3, STATE).markers.delete(seen)
    assert len(StateBucket(cloud.s3, STATE).markers.list()) == 1
