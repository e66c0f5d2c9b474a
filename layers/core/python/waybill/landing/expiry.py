"""Mark objects of the landing bucket to expire, by a tag that a rule of the bucket looks for."""

from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from waybill.clients import code_of, storage_error, storage_reached

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import TaggingTypeDef

EXPIRY_TAG: Final = ("waybill-expires", "erasure")
_MISSING = ("NoSuchKey", "NoSuchVersion", "404", "MethodNotAllowed", "405")


def mark_to_expire(s3: "S3Client", bucket: str, key: str, version_id: str | None) -> bool:
    """Tag a version of an object; its other tags are replaced. False if it is missing.

    Raises:
        Unavailable, Retryable: S3 cannot be reached or responds unexpectedly.
    """
    name, value = EXPIRY_TAG
    tags: TaggingTypeDef = {"TagSet": [{"Key": name, "Value": value}]}
    # An object from before versioning was enabled has the version `null`.
    version = version_id or "null"
    try:
        with storage_reached():
            s3.put_object_tagging(Bucket=bucket, Key=key, VersionId=version, Tagging=tags)
    except ClientError as error:
        if code_of(error) in _MISSING:
            return False
        raise storage_error(repr(key), {code_of(error)}) from error
    return True
