"""Files that were uploaded to be looked at; `sample_forms` has their keys."""

from typing import TYPE_CHECKING
from uuid import UUID

from waybill.errors import NotFound, Rejected
from waybill.landing.objects import ObjectSource, head_object
from waybill.state.sample_forms import sample_key

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PREFIX = "samples/"


def open_sample(s3: "S3Client", bucket: str, subject: str, sample_id: UUID) -> ObjectSource:
    """The file that the caller uploaded.

    Raises:
        NotFound: `unknown-sample`.
        Unavailable: `storage-unavailable`.
    """
    try:
        ref, _ = head_object(s3, bucket, sample_key(subject, sample_id))
    except Rejected:
        detail = "You have uploaded no file with this id, or it has expired."
        raise NotFound("unknown-sample", detail) from None
    return ObjectSource(s3, ref)
