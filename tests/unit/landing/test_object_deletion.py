"""What S3 does not delete is an error, though its response is 200; the rest is deleted."""

from typing import TYPE_CHECKING, Any

import pytest

from tests.cloud.fixtures import STATE, Cloud
from waybill.errors import Retryable, Transient
from waybill.landing.object_ref import ObjectRef
from waybill.object_deletion import delete_objects, delete_versions

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEYS = [f"lovelace/{number:04}" for number in range(2001)]


class Refusing:
    """S3 that deletes every object but some; counts the objects of each request."""

    def __init__(self, s3: "S3Client", codes: dict[str, str]) -> None:
        self._s3, self.codes = s3, codes
        self.requests: list[int] = []

    def delete_objects(self, **call: Any) -> Any:
        doomed = call["Delete"]["Objects"]
        self.requests.append(len(doomed))
        allowed = [one for one in doomed if one["Key"] not in self.codes]
        if allowed:
            self._s3.delete_objects(**{**call, "Delete": {"Objects": allowed}})
        refused = (one for one in doomed if one["Key"] in self.codes)
        return {"Errors": [one | {"Code": self.codes[one["Key"]]} for one in refused]}


def _delete(s3: Any, keys: list[str]) -> None:
    delete_objects(s3, STATE, keys)


def _left(cloud: Cloud) -> list[str]:
    listed = cloud.s3.list_objects_v2(Bucket=STATE, Prefix="lovelace/")
    return [one["Key"] for one in listed.get("Contents", ())]


def test_what_is_refused_is_an_error_and_deleted_by_the_next_attempt(cloud: Cloud) -> None:
    for key in (KEYS[0], KEYS[1], KEYS[999], KEYS[2000]):
        cloud.s3.put_object(Bucket=STATE, Key=key, Body=b"")
    s3 = Refusing(cloud.s3, {KEYS[1]: "AccessDenied", KEYS[999]: "SlowDown"})
    with pytest.raises(Retryable) as caught:
        _delete(s3, KEYS)
    assert str(caught.value) == (
        "storage-error: 2 of 2001 objects were not deleted: AccessDenied, SlowDown"
    )
    assert not isinstance(caught.value, Transient)
    assert _left(cloud) == [KEYS[1], KEYS[999]]
    s3.codes.clear()
    _delete(s3, KEYS)
    assert _left(cloud) == []
    assert s3.requests == [1000, 1000, 1] * 2


@pytest.mark.parametrize("code", ["InternalError", "ServiceUnavailable", "SlowDown"])
def test_an_s3_that_fails_passes(cloud: Cloud, code: str) -> None:
    with pytest.raises(Transient, match=f"1 of 2 objects .*: {code}$"):
        _delete(Refusing(cloud.s3, {KEYS[0]: code}), KEYS[:2])


def test_of_a_key_only_the_versions_named_are_deleted(cloud: Cloud) -> None:
    cloud.s3.put_bucket_versioning(Bucket=STATE, VersioningConfiguration={"Status": "Enabled"})
    first, second = (
        cloud.s3.put_object(Bucket=STATE, Key=KEYS[0], Body=b"")["VersionId"] for _ in range(2)
    )
    # The second is missing: no harm.
    named = [ObjectRef(STATE, key, version, "", 0) for key, version in
             ((KEYS[0], first), (KEYS[1], None))]  # fmt: skip
    delete_versions(cloud.s3, STATE, named)
    left = cloud.s3.list_object_versions(Bucket=STATE, Prefix="lovelace/")
    assert [one["VersionId"] for one in left["Versions"]] == [second]
    delete_objects(cloud.s3, STATE, [])
