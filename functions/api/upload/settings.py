"""Environment of the function `upload`."""

from pydantic import Field

from waybill.settings import LandingSettings, LogSettings, StateSettings


class UploadSettings(LogSettings, LandingSettings, StateSettings):
    """The buckets, and how long a presigned upload is valid."""

    max_upload_bytes: int = Field(
        default=5 * 1024**4, ge=1, description="Size limit of a file; S3's own limit is 5 TiB."
    )
    upload_expires_seconds: int = Field(
        default=3600, ge=60, le=43200, description="Seconds until a presigned upload expires."
    )
