"""Reading objects that are overwritten, deleted, or cut off meanwhile."""

import hashlib
import io
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.response import StreamingBody

from tests.cloud.fixtures import LANDING, STATE, Cloud
from waybill.errors import Rejected, Unavailable
from waybill.landing.object_ref import ObjectRef
from waybill.landing.objects import find_version, head_object, stored_sha256, stream_range

KEY = "landing/departments/a b+c.csv"
BODY = bytes(range(256)) * 40


def put(cloud: Cloud, bucket: str = LANDING, body: bytes = BODY) -> ObjectRef:
    cloud.s3.put_object(Bucket=bucket, Key=KEY, Body=body)
    return head_object(cloud.s3, bucket, KEY)[0]


def read(cloud: Cloud, ref: ObjectRef, start: int, end: int) -> bytes:
    return b"".join(stream_range(cloud.s3, ref, start, end, 1000))


def test_the_head_pins_version_and_content(cloud: Cloud) -> None:
    ref = put(cloud)
    assert (ref.bucket, ref.key, ref.size_bytes) == (LANDING, KEY, len(BODY))
    assert ref.version_id
    assert ref.etag == hashlib.md5(BODY, usedforsecurity=False).hexdigest()


def test_a_range_comes_in_blocks(cloud: Cloud) -> None:
    blocks = list(stream_range(cloud.s3, put(cloud), 100, 4100, 1000))
    assert b"".join(blocks) == BODY[100:4100]
    assert max(map(len, blocks)) <= 1000
    assert list(stream_range(cloud.s3, put(cloud), 7, 7, 1000)) == []


def test_the_pinned_version_of_an_overwritten_object_is_read(cloud: Cloud) -> None:
    ref = put(cloud)
    put(cloud, body=b"other")
    assert read(cloud, ref, 0, len(BODY)) == BODY


def test_without_versions_an_overwritten_object_is_refused(cloud: Cloud) -> None:
    ref = put(cloud, STATE)
    assert ref.version_id is None
    put(cloud, STATE, body=BODY[::-1])
    with pytest.raises(Rejected, match="object-changed"):
        read(cloud, ref, 0, 10)


def test_a_missing_object_is_refused(cloud: Cloud) -> None:
    ref = put(cloud)
    cloud.s3.delete_object(Bucket=LANDING, Key=KEY, VersionId=str(ref.version_id))
    with pytest.raises(Rejected, match="object-missing"):
        read(cloud, ref, 0, 10)
    with pytest.raises(Rejected, match="object-missing"):
        head_object(cloud.s3, LANDING, KEY)


class _Cut(io.BytesIO):
    """A connection that breaks once so many bytes are read."""

    def __init__(self, data: bytes, after: int) -> None:
        super().__init__(data)
        self._after = after

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() >= self._after:
            raise ReadTimeoutError(endpoint_url="s3")
        return super().read(min(size or 0, self._after - self.tell()))


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)


def cut_off(cloud: Cloud, monkeypatch: pytest.MonkeyPatch, after: int) -> list[str]:
    """Every returned breaks off after so many bytes; gives the requested ranges."""
    real: Any = cloud.s3.get_object
    ranges: list[str] = []

    def get_object(**call: str) -> dict[str, Any]:
        ranges.append(call["Range"])
        returned = real(**call)
        data = returned["Body"].read()
        kept = _Cut(data, after) if len(data) > after else io.BytesIO(data)
        broken = StreamingBody(kept, len(data))
        return {**returned, "Body": broken}

    monkeypatch.setattr(cloud.s3, "get_object", get_object)
    return ranges


@pytest.mark.usefixtures("no_pauses")
def test_a_broken_connection_is_resumed_at_the_byte_reached(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = put(cloud)
    ranges = cut_off(cloud, monkeypatch, after=2500)
    assert read(cloud, ref, 10, len(BODY)) == BODY[10:]
    assert ranges[:3] == ["bytes=10-10239", "bytes=2510-10239", "bytes=5010-10239"]


@pytest.mark.usefixtures("no_pauses")
def test_without_progress_it_gives_up(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    ref = put(cloud)
    ranges = cut_off(cloud, monkeypatch, after=0)
    with pytest.raises(Unavailable, match="storage-unavailable"):
        read(cloud, ref, 0, len(BODY))
    assert len(ranges) == 4


def test_a_version_is_found_by_its_content(cloud: Cloud) -> None:
    old = put(cloud)
    put(cloud, body=b"other")
    cloud.s3.put_object(Bucket=LANDING, Key=KEY + ".bak", Body=BODY)
    assert find_version(cloud.s3, LANDING, KEY, old.etag) == old.version_id
    assert find_version(cloud.s3, LANDING, KEY, "none") is None


def test_a_stored_hash_counts_only_if_it_is_of_the_whole_object(cloud: Cloud) -> None:
    cloud.s3.put_object(Bucket=LANDING, Key=KEY, Body=BODY, ChecksumAlgorithm="SHA256")
    ref, _ = head_object(cloud.s3, LANDING, KEY)
    assert stored_sha256(cloud.s3, ref) == hashlib.sha256(BODY).hexdigest()
    assert stored_sha256(cloud.s3, put(cloud)) is None
