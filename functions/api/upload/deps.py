"""S3, settings and state bucket, kept for the life of the process."""

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from functions.api.upload.settings import UploadSettings
from waybill.clients import s3_client
from waybill.state.bucket import StateBucket

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Deps(NamedTuple):
    """S3, the settings and the state bucket."""

    s3: "S3Client"
    settings: UploadSettings
    state: StateBucket


@cache
def deps() -> Deps:
    """The dependencies of the upload endpoints."""
    settings = UploadSettings.from_environment()
    return Deps(s3_client(), settings, StateBucket(s3_client(), settings.state_bucket))
