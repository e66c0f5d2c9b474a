"""Marks: there before a merge, and never lost to a refresh that did not see them."""

from tests.cloud.fixtures import STATE, Cloud
from waybill.ids import new_id
from waybill.state.markers import delete_markers, list_markers, put_marker


def test_marks_are_listed_and_deleted(cloud: Cloud) -> None:
    job = new_id()
    put_marker(cloud.s3, STATE, job)
    (mark,) = list_markers(cloud.s3, STATE)
    assert mark.startswith("marks/")
    assert mark.endswith(f"/{job}")
    delete_markers(cloud.s3, STATE, [mark, "marks/gone"])
    assert list_markers(cloud.s3, STATE) == []
    delete_markers(cloud.s3, STATE, [])


def test_a_mark_put_since_the_listing_stays(cloud: Cloud) -> None:
    job = new_id()
    put_marker(cloud.s3, STATE, job)
    seen = list_markers(cloud.s3, STATE)
    put_marker(cloud.s3, STATE, job)
    delete_markers(cloud.s3, STATE, seen)
    assert len(list_markers(cloud.s3, STATE)) == 1
