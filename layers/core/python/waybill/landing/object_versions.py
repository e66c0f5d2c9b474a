"""The object versions in the landing bucket, and their events emitted again.

An emitted event is equivalent to S3's own: a version is registered once, however often its event
is delivered.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from waybill.clients import storage_reached
from waybill.landing.object_ref import ObjectRef
from waybill.messages import Message

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectVersionTypeDef


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Bucket(_Part):
    """The bucket of the event."""

    name: str


class Object(_Part):
    """The object of the event."""

    key: str
    size: int
    etag: str
    version_id: str | None
    sequencer: str


class Detail(_Part):
    """The bucket and the object of the event."""

    bucket: Bucket
    object: Object
    reason: Literal["redrive"] = "redrive"


class ObjectCreatedMessage(Message):
    """Queue `landed`: the event that S3 emitted, or should have, when the object was written."""

    source: Literal["aws.s3"] = "aws.s3"
    time: datetime
    detail: Detail


class ObjectVersion(NamedTuple):
    """A version of an object, and when it was written."""

    ref: ObjectRef
    written_at: datetime
    sequencer: str = ""
    """Orders the versions of one key that were written in one second, as S3's own does."""

    def created_event(self) -> ObjectCreatedMessage:
        """Its event, as a message."""
        ref = self.ref
        written = Object(
            key=ref.key,
            size=ref.size_bytes,
            etag=ref.etag,
            version_id=ref.version_id or None,
            sequencer=self.sequencer,
        )
        detail = Detail(bucket=Bucket(name=ref.bucket), object=written)
        return ObjectCreatedMessage(time=self.written_at, detail=detail)


class PageMarker(NamedTuple):
    """Where a page ended."""

    key: str
    version: str


class VersionPage(NamedTuple):
    """Some versions, and where the next page begins; None on the last page."""

    versions: list[ObjectVersion]
    next_marker: PageMarker | None


def list_page(
    s3: "S3Client", bucket: str, prefix: str, after: PageMarker | None = None
) -> VersionPage:
    """A page of up to 1,000 of the versions below `prefix`, without folder markers.

    Raises:
        Unavailable: S3 cannot be reached.
    """
    with storage_reached():
        if after is None:
            response = s3.list_object_versions(Bucket=bucket, Prefix=prefix)
        else:
            response = s3.list_object_versions(
                Bucket=bucket, Prefix=prefix, KeyMarker=after.key, VersionIdMarker=after.version
            )
    versions = _with_sequencers(bucket, response.get("Versions", []))
    if not response.get("IsTruncated"):
        return VersionPage(versions, None)
    return VersionPage(
        versions, PageMarker(response["NextKeyMarker"], response["NextVersionIdMarker"])
    )


def _with_sequencers(bucket: str, listed: "Sequence[ObjectVersionTypeDef]") -> list[ObjectVersion]:
    """The versions, numbered per key and second: S3 lists those of a key newest first."""
    counts: Counter[tuple[str, datetime]] = Counter()
    versions: list[ObjectVersion] = []
    for version in reversed(listed):
        if version["Key"].endswith("/"):
            continue
        # An object from before versioning was enabled has no version id.
        version_id = None if version["VersionId"] == "null" else version["VersionId"]
        ref = ObjectRef(
            bucket, version["Key"], version_id, version["ETag"].strip('"'), version["Size"]
        )
        second = (ref.key, version["LastModified"].replace(microsecond=0))
        counts[second] += 1
        versions.append(ObjectVersion(ref, version["LastModified"], f"{counts[second]:016X}"))
    versions.reverse()
    return versions


def list_versions(s3: "S3Client", bucket: str, prefix: str) -> Iterator[ObjectVersion]:
    """All versions below `prefix`.

    Raises:
        Unavailable: S3 cannot be reached.
    """
    marker: PageMarker | None = None
    while True:
        page = list_page(s3, bucket, prefix, marker)
        yield from page.versions
        marker = page.next_marker
        if marker is None:
            return
