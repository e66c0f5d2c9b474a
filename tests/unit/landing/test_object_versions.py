"""Object versions of the landing bucket, and their events emitted again."""

from functions.pipeline.plan.models import parse_event
from tests.cloud.fixtures import LANDING, Cloud
from waybill.landing.object_versions import list_page, list_versions


def test_every_version_is_listed_as_plan_reads_it(cloud: Cloud) -> None:
    put = [
        cloud.s3.put_object(Bucket=LANDING, Key="landing/d/a.csv", Body=body)
        for body in (b"1\n", b"2,\n")
    ]
    cloud.s3.put_object(Bucket=LANDING, Key="landing/d/folder/", Body=b"")
    cloud.s3.put_object(Bucket=LANDING, Key="landing/e/b.csv", Body=b"3\n")
    found = list(list_versions(cloud.s3, LANDING, "landing/d/"))
    assert {one.ref.version_id for one in found} == {response["VersionId"] for response in put}
    for one in found:
        landed = parse_event(one.created_event().model_dump_json())
        assert landed
        assert (landed.bucket, landed.key) == (LANDING, "landing/d/a.csv")
        assert (landed.version_id, landed.etag) == (one.ref.version_id, one.ref.etag)
        assert (landed.size_bytes, landed.landed_at) == (one.ref.size_bytes, one.written_at)


def test_a_deleted_object_is_listed_by_its_versions_only(cloud: Cloud) -> None:
    cloud.s3.put_object(Bucket=LANDING, Key="landing/d/a.csv", Body=b"1\n")
    cloud.s3.delete_object(Bucket=LANDING, Key="landing/d/a.csv")
    assert len(list_page(cloud.s3, LANDING, "landing/").versions) == 1
