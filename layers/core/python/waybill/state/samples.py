"""Files that were uploaded to be looked at; `sample_forms` has their keys."""

from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING
from uuid import UUID

from waybill.clients import object_exists
from waybill.errors import NotFound
from waybill.landing.object_versions import list_versions
from waybill.landing.objects import ObjectSource, head_object
from waybill.object_deletion import AT_ONCE, delete_versions
from waybill.state.sample_forms import sample_key
from waybill.state.sample_quota import PREFIX as RESERVED

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# What is called below is called for these keys: permissions are held against it.
_PREFIX = "samples/"


def open_sample(s3: "S3Client", bucket: str, subject: str, sample_id: UUID) -> ObjectSource:
    """The file that the caller uploaded.

    Raises:
        NotFound: `unknown-sample`.
        Unavailable: `storage-unavailable`.
    """
    key = sample_key(subject, sample_id)
    if not object_exists(s3, bucket, key):
        detail = "You have uploaded no file with this id, or it has expired."
        raise NotFound("unknown-sample", detail)
    ref, _ = head_object(s3, bucket, key)
    return ObjectSource(s3, ref)


def delete_samples(s3: "S3Client", bucket: str, before: datetime) -> int:
    """Delete the samples of all callers that were uploaded before. Returns how many versions.

    What callers have reserved stays: it holds no person, and still counts.

    Raises:
        Unavailable, Retryable: S3.
    """
    deleted = 0
    old = (
        each.ref
        for each in list_versions(s3, bucket, _PREFIX)
        if each.written_at < before and not each.ref.key.startswith(RESERVED)
    )
    while page := list(islice(old, AT_ONCE)):
        delete_versions(s3, bucket, page)
        deleted += len(page)
    return deleted
