"""Which version of which object an event is about, exactly."""

from typing import TYPE_CHECKING

from functions.pipeline.plan.landed_event import LandedEvent
from waybill.errors import Rejected
from waybill.landing.objects import ObjectRef, find_version, head_object

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def resolve_version(s3: "S3Client", landed: LandedEvent) -> ObjectRef:
    """The object of the event; S3 is asked only when the event lacks the version.

    What is gone by now is pinned all the same, as the event has it: the job then fails with
    that reason, and the loss is on record.

    Raises:
        Retryable: S3 cannot be reached or does not answer as it should.
    """
    bucket, key = landed.bucket, landed.key
    told = ObjectRef(bucket, key, landed.version_id, landed.etag, landed.size_bytes)
    if landed.version_id is not None:
        return told
    try:
        now, _ = head_object(s3, bucket, key)
    except Rejected:
        return told
    if landed.etag in ("", now.etag):
        return now
    # The key was written again since: its newest version has an event of its own.
    return told._replace(version_id=find_version(s3, bucket, key, landed.etag))
