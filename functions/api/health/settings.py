"""Environment of the function `health`."""

from pydantic import Field

from waybill.settings import ApiSettings, DatabaseSettings, LandingSettings


class HealthSettings(ApiSettings, DatabaseSettings, LandingSettings):
    """The resources that are checked: database, landing bucket, queue."""

    landed_queue_url: str = Field(description="Queue of landed objects.")
