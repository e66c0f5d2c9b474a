"""Environment of the function `upload`."""

from pydantic import Field

from waybill.settings import ApiSettings, LandingSettings, SizeSettings, StateSettings


class UploadSettings(ApiSettings, LandingSettings, StateSettings, SizeSettings):
    """The buckets, and how long a presigned upload is valid."""

    upload_expires_seconds: int = Field(
        default=3600, ge=60, le=43200, description="Seconds until a presigned upload expires."
    )
