"""Objects that are in the landing bucket already, told of again.

An announcement is as good as S3's own event: an object is registered once per version, however
often word of it comes.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from waybill.clients import storage_reached
from waybill.landing.objects import ObjectRef
from waybill.messages import Message

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class _Named(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Bucket(_Named):
    """The bucket of the event."""

    name: str


class Object(_Named):
    """The object of the event."""

    key: str
    size: int
    etag: str
    version_id: str | None


class Detail(_Named):
    """What the event is about."""

    bucket: Bucket
    object: Object
    reason: Literal["redrive"] = "redrive"


class Announcement(Message):
    """Queue `landed`: what S3 said, or would have said, when the object was written."""

    source: Literal["aws.s3"] = "aws.s3"
    time: datetime
    detail: Detail


class Written(NamedTuple):
    """A version of an object, and when it was written."""

    ref: ObjectRef
    at: datetime

    def announcement(self) -> Announcement:
        """The message that tells of it."""
        ref = self.ref
        told = Object(
            key=ref.key, size=ref.size_bytes, etag=ref.etag, version_id=ref.version_id or None
        )
        detail = Detail(bucket=Bucket(name=ref.bucket), object=told)
        return Announcement(time=self.at, detail=detail)


class Place(NamedTuple):
    """Where a listing stopped."""

    key: str
    version: str


class Page(NamedTuple):
    """Some versions, and where the next ones begin; None at the end."""

    found: list[Written]
    next_place: Place | None


def list_page(s3: "S3Client", bucket: str, prefix: str, after: Place | None = None) -> Page:
    """One page, of up to 1,000, of the versions below `prefix`; folder markers are left out.

    Raises:
        Unavailable: S3 cannot be reached.
    """
    with storage_reached():
        if after is None:
            answer = s3.list_object_versions(Bucket=bucket, Prefix=prefix)
        else:
            answer = s3.list_object_versions(
                Bucket=bucket, Prefix=prefix, KeyMarker=after.key, VersionIdMarker=after.version
            )
    found = [
        Written(
            ObjectRef(
                bucket,
                version["Key"],
                # What was written before the bucket kept versions has no id of its own.
                None if version["VersionId"] == "null" else version["VersionId"],
                version["ETag"].strip('"'),
                version["Size"],
            ),
            version["LastModified"],
        )
        for version in answer.get("Versions", [])
        if not version["Key"].endswith("/")
    ]
    if not answer.get("IsTruncated"):
        return Page(found, None)
    return Page(found, Place(answer["NextKeyMarker"], answer["NextVersionIdMarker"]))


def list_written(s3: "S3Client", bucket: str, prefix: str) -> Iterator[Written]:
    """All versions below `prefix`.

    Raises:
        Unavailable: S3 cannot be reached.
    """
    place: Place | None = None
    while True:
        page = list_page(s3, bucket, prefix, place)
        yield from page.found
        place = page.next_place
        if place is None:
            return
