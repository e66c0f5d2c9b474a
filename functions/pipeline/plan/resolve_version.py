"""Finds out which version of an object an event is about."""

from typing import TYPE_CHECKING

from functions.pipeline.plan.models import ObjectCreated
from waybill.errors import Rejected
from waybill.landing.object_ref import ObjectRef
from waybill.landing.objects import find_version, head_object

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def resolve_version(s3: "S3Client", created: ObjectCreated) -> ObjectRef:
    """The object of the event. S3 is queried only when the event lacks the version.

    An object that no longer exists is returned as the event describes it: its job then fails
    with that reason, so the loss is on record.

    Raises:
        Retryable: S3 cannot be reached or responds unexpectedly.
    """
    bucket, key = created.bucket, created.key
    described = ObjectRef(bucket, key, created.version_id, created.etag, created.size_bytes)
    if created.version_id is not None:
        return described
    try:
        current, _ = head_object(s3, bucket, key)
    except Rejected:
        return described
    if created.etag in ("", current.etag):
        return current
    # The key has been overwritten since; its newest version has an event of its own.
    return described._replace(version_id=find_version(s3, bucket, key, created.etag))
