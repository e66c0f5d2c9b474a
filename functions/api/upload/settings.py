"""Environment of the function `upload`."""

from pydantic import Field

from waybill.settings import ApiSettings, LandingSettings, SizeSettings, StateSettings


class UploadSettings(ApiSettings, LandingSettings, StateSettings, SizeSettings):
    """The buckets, and how long a presigned upload is valid."""

    upload_expires_seconds: int = Field(
        default=3600, ge=60, le=43200, description="Seconds until a presigned upload expires."
    )
    # S3 lists those of two days, and more, by one request.
    sample_count: int = Field(
        default=100, ge=0, le=300, description="Samples that a caller may begin within a day."
    )
    sample_bytes: int = Field(
        default=20 * 1024**3, ge=0, description="Bytes of the samples of a caller within a day."
    )
